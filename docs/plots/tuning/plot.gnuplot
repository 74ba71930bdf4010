# sql_bench search --server default=... --server 'm 8=...' --server 'm 32=...' --server 'ef_construction 32=...' --server 'ef_construction 128=...' --server 'ef_construction 256=...' --with-of 'm 8=m = 8' --with-of 'm 32=m = 32' --with-of 'ef_construction 32=ef_construction = 32' --with-of 'ef_construction 128=ef_construction = 128' --with-of 'ef_construction 256=ef_construction = 256' --data debian-384-euclidean.hdf5 --set-build maintenance_work_mem=1GB --set-build max_parallel_maintenance_workers=0 --ef 10,20,40,80,160,320 --rounds 5 --slice-ms 400
# date: 2026-11-21 22:50 UTC
# processor: AMD EPYC
# processors: 2
# memory: 24684096 kB
# system: Linux 6.18.44-fc-v595 x86_64
# default: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 1.0.0; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker; maintenance_work_mem (build) 1GB; max_parallel_maintenance_workers (build) 0; CREATE INDEX sql_bench_embedding_idx ON public.sql_bench USING hnsw (embedding vector_l2_ops)
# m 8: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 1.0.0; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker; maintenance_work_mem (build) 1GB; max_parallel_maintenance_workers (build) 0; CREATE INDEX sql_bench_embedding_idx ON public.sql_bench USING hnsw (embedding vector_l2_ops) WITH (m='8')
# m 32: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 1.0.0; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker; maintenance_work_mem (build) 1GB; max_parallel_maintenance_workers (build) 0; CREATE INDEX sql_bench_embedding_idx ON public.sql_bench USING hnsw (embedding vector_l2_ops) WITH (m='32')
# ef_construction 32: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 1.0.0; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker; maintenance_work_mem (build) 1GB; max_parallel_maintenance_workers (build) 0; CREATE INDEX sql_bench_embedding_idx ON public.sql_bench USING hnsw (embedding vector_l2_ops) WITH (ef_construction='32')
# ef_construction 128: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 1.0.0; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker; maintenance_work_mem (build) 1GB; max_parallel_maintenance_workers (build) 0; CREATE INDEX sql_bench_embedding_idx ON public.sql_bench USING hnsw (embedding vector_l2_ops) WITH (ef_construction='128')
# ef_construction 256: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 1.0.0; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker; maintenance_work_mem (build) 1GB; max_parallel_maintenance_workers (build) 0; CREATE INDEX sql_bench_embedding_idx ON public.sql_bench USING hnsw (embedding vector_l2_ops) WITH (ef_construction='256')
set grid
set key outside below
set title noenhanced "debian-384-euclidean, 50,000 rows, vector(384), l2\nAMD EPYC, 2 processors, PostgreSQL 18.6"
$server0 << end
0.8766 0.07546 10 12663.5
0.9305 0.09987 20 9714.87
0.967 0.12985 40 7107.84
0.9836 0.19596 80 4879.07
0.9909 0.31342 160 2947.34
0.9961 0.5827 320 1582.13
end
$server1 << end
0.7422 0.06385 10 14551.9
0.8361 0.08361 20 11116.7
0.9013 0.1062 40 8584.87
0.9511 0.15519 80 5997.81
0.9768 0.23929 160 3658.38
0.9899 0.4266 320 2135.8
end
$server2 << end
0.9293 0.09322 10 9948.39
0.9639 0.12344 20 7646.01
0.9843 0.16802 40 5359.2
0.9911 0.26149 80 3565
0.9952 0.44128 160 2016.8
0.9979 0.83315 320 1097.76
end
$server3 << end
0.8229 0.07264 10 13222.1
0.8883 0.09614 20 10141.8
0.9347 0.12177 40 7650.99
0.9651 0.18814 80 5293.58
0.9774 0.28556 160 3170.76
0.987 0.52694 320 1749.73
end
$server4 << end
0.8979 0.07822 10 12219.9
0.9519 0.10456 20 9314.11
0.977 0.13584 40 6533.68
0.9911 0.20712 80 4686.82
0.9955 0.34532 160 2652.88
0.9988 0.64451 320 1437.41
end
$server5 << end
0.9141 0.08402 10 11604.9
0.9599 0.11017 20 8909.89
0.983 0.14793 40 6152.17
0.9932 0.22436 80 4397.01
0.9976 0.3725 160 2541.25
0.9991 0.68942 320 1391.27
end
set logscale y
set xlabel "recall at 10\n "
set ylabel 'queries per second'
set terminal svg size 800,500 background rgb 'white' noenhanced
set output 'recall-qps.svg'
plot $server0 using 1:4 with linespoints linewidth 2 linecolor 1 dashtype 1 title 'default',\
     $server1 using 1:4 with linespoints linewidth 2 linecolor 2 dashtype 1 title 'm 8',\
     $server2 using 1:4 with linespoints linewidth 2 linecolor 3 dashtype 1 title 'm 32',\
     $server3 using 1:4 with linespoints linewidth 2 linecolor 4 dashtype 1 title 'ef_construction 32',\
     $server4 using 1:4 with linespoints linewidth 2 linecolor 5 dashtype 1 title 'ef_construction 128',\
     $server5 using 1:4 with linespoints linewidth 2 linecolor 6 dashtype 1 title 'ef_construction 256'
set terminal pngcairo size 800,500 noenhanced
set output 'recall-qps.png'
plot $server0 using 1:4 with linespoints linewidth 2 linecolor 1 dashtype 1 title 'default',\
     $server1 using 1:4 with linespoints linewidth 2 linecolor 2 dashtype 1 title 'm 8',\
     $server2 using 1:4 with linespoints linewidth 2 linecolor 3 dashtype 1 title 'm 32',\
     $server3 using 1:4 with linespoints linewidth 2 linecolor 4 dashtype 1 title 'ef_construction 32',\
     $server4 using 1:4 with linespoints linewidth 2 linecolor 5 dashtype 1 title 'ef_construction 128',\
     $server5 using 1:4 with linespoints linewidth 2 linecolor 6 dashtype 1 title 'ef_construction 256'
set ylabel 'server time of a query, ms'
set terminal svg size 800,500 background rgb 'white' noenhanced
set output 'recall-ms.svg'
plot $server0 using 1:2 with linespoints linewidth 2 linecolor 1 dashtype 1 title 'default',\
     $server1 using 1:2 with linespoints linewidth 2 linecolor 2 dashtype 1 title 'm 8',\
     $server2 using 1:2 with linespoints linewidth 2 linecolor 3 dashtype 1 title 'm 32',\
     $server3 using 1:2 with linespoints linewidth 2 linecolor 4 dashtype 1 title 'ef_construction 32',\
     $server4 using 1:2 with linespoints linewidth 2 linecolor 5 dashtype 1 title 'ef_construction 128',\
     $server5 using 1:2 with linespoints linewidth 2 linecolor 6 dashtype 1 title 'ef_construction 256'
set terminal pngcairo size 800,500 noenhanced
set output 'recall-ms.png'
plot $server0 using 1:2 with linespoints linewidth 2 linecolor 1 dashtype 1 title 'default',\
     $server1 using 1:2 with linespoints linewidth 2 linecolor 2 dashtype 1 title 'm 8',\
     $server2 using 1:2 with linespoints linewidth 2 linecolor 3 dashtype 1 title 'm 32',\
     $server3 using 1:2 with linespoints linewidth 2 linecolor 4 dashtype 1 title 'ef_construction 32',\
     $server4 using 1:2 with linespoints linewidth 2 linecolor 5 dashtype 1 title 'ef_construction 128',\
     $server5 using 1:2 with linespoints linewidth 2 linecolor 6 dashtype 1 title 'ef_construction 256'
