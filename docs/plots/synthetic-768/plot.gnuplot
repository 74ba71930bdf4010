# sql_bench search --server vector=... --server 'pgvector 0.8.7=...' --synthetic rows=500000,dim=768,intrinsic=18,queries=1000,seed=1 --skip-load --skip-build --max-queries 500 --with 'm = 16, ef_construction = 64' --rounds 5 --slice-ms 800 --ef 10,20,40,80,160
# date: 2026-11-21 22:45 UTC
# processor: AMD EPYC
# processors: 2
# memory: 24684096 kB
# system: Linux 6.18.44-fc-v595 x86_64
# vector: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 1.0.0; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker; CREATE INDEX sql_bench_embedding_idx ON public.sql_bench USING hnsw (embedding vector_l2_ops)
# pgvector 0.8.7: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 0.8.7; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker; CREATE INDEX sql_bench_embedding_idx ON public.sql_bench USING hnsw (embedding vector_l2_ops)
set grid
set key outside below
set title noenhanced "synthetic, 500,000 rows, vector(768), l2\nAMD EPYC, 2 processors, PostgreSQL 18.6"
$server0 << end
0.8124 0.22826 10 4968.95
0.9186 0.28794 20 3631.81
0.9774 0.32933 40 2848.04
0.9948 0.47354 80 1704.51
0.9998 0.79087 160 1151.55
end
$server1 << end
0.834 0.56011 10 1817.26
0.9288 0.87165 20 1125.86
0.9786 1.35472 40 667.699
0.9952 2.4054 80 351.105
0.9996 4.49875 160 202.919
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
