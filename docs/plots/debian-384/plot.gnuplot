# sql_bench search --server vector=... --server 'pgvector 0.8.7=...' --data debian-384-euclidean.hdf5 --with 'm = 16, ef_construction = 64' --set-build maintenance_work_mem=4GB --ef 10,20,40,80,160,320 --rounds 7 --slice-ms 600
# date: 2026-11-21 22:48 UTC
# processor: AMD EPYC
# processors: 2
# memory: 24684096 kB
# system: Linux 6.18.44-fc-v595 x86_64
# vector: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 1.0.0; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker; maintenance_work_mem (build) 4GB; CREATE INDEX sql_bench_embedding_idx ON public.sql_bench USING hnsw (embedding vector_l2_ops) WITH (m='16', ef_construction='64')
# pgvector 0.8.7: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 0.8.7; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker; maintenance_work_mem (build) 4GB; CREATE INDEX sql_bench_embedding_idx ON public.sql_bench USING hnsw (embedding vector_l2_ops) WITH (m='16', ef_construction='64')
set grid
set key outside below
set title noenhanced "debian-384-euclidean, 50,000 rows, vector(384), l2\nAMD EPYC, 2 processors, PostgreSQL 18.6"
$server0 << end
0.883 0.05729 10 12702.2
0.9395 0.09165 20 9300.4
0.9696 0.12706 40 7044.3
0.9839 0.1876 80 4801.13
0.9912 0.30938 160 2964.51
0.9971 0.56453 320 1621.12
end
$server1 << end
0.8824 0.21646 10 3780.4
0.9306 0.38448 20 2500.98
0.9617 0.64087 40 1597.27
0.979 0.93778 80 1104.69
0.9889 1.60823 160 614.414
0.9948 2.65386 320 329.107
end
set logscale y
set xlabel "recall at 10\n "
set ylabel 'queries per second'
set terminal svg size 800,500 background rgb 'white' noenhanced
set output 'recall-qps.svg'
plot $server0 using 1:4 with linespoints linewidth 2 linecolor 1 dashtype 1 title 'vector',\
     $server1 using 1:4 with linespoints linewidth 2 linecolor 2 dashtype 1 title 'pgvector 0.8.7'
set terminal pngcairo size 800,500 noenhanced
set output 'recall-qps.png'
plot $server0 using 1:4 with linespoints linewidth 2 linecolor 1 dashtype 1 title 'vector',\
     $server1 using 1:4 with linespoints linewidth 2 linecolor 2 dashtype 1 title 'pgvector 0.8.7'
set ylabel 'server time of a query, ms'
set terminal svg size 800,500 background rgb 'white' noenhanced
set output 'recall-ms.svg'
plot $server0 using 1:2 with linespoints linewidth 2 linecolor 1 dashtype 1 title 'vector',\
     $server1 using 1:2 with linespoints linewidth 2 linecolor 2 dashtype 1 title 'pgvector 0.8.7'
set terminal pngcairo size 800,500 noenhanced
set output 'recall-ms.png'
plot $server0 using 1:2 with linespoints linewidth 2 linecolor 1 dashtype 1 title 'vector',\
     $server1 using 1:2 with linespoints linewidth 2 linecolor 2 dashtype 1 title 'pgvector 0.8.7'
