# sql_bench search --server vector=... --server 'pgvector 0.8.7=...' --data debian-384-euclidean.hdf5 --table sql_bench_d384 --skip-load --skip-build --rounds 7 --slice-ms 600 --ef 10,20,40,80,160,320
# date: 2026-11-21 20:49 UTC
# processor: AMD EPYC
# processors: 2
# memory: 24684096 kB
# system: Linux 6.18.44-fc-v595 x86_64
# vector: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 1.0.0; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker;
# pgvector 0.8.7: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 0.8.7; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker;
set grid
set key outside below
set title noenhanced "debian-384-euclidean, 50,000 rows, vector(384), l2\nAMD EPYC, 2 processors, PostgreSQL 18.6"
$server0 << end
0.8811 0.08134 10 10204.2
0.9331 0.11427 20 8200.85
0.9638 0.17636 40 5188.88
0.9834 0.27602 80 4230.77
0.9916 0.33473 160 2506.36
0.997 0.62175 320 1452.18
end
$server1 << end
0.8838 0.34148 10 2358.68
0.9286 0.48493 20 1983.77
0.9641 0.80169 40 1252.98
0.9799 1.29977 80 902.9
0.9875 2.01052 160 446.21
0.9942 4.14023 320 216.279
end
set logscale y
set xlabel "recall at 10\n "
set terminal svg size 800,500 background rgb 'white' noenhanced
set output 'recall-qps.svg'
set ylabel 'queries per second'
plot $server0 using 1:4 with linespoints linewidth 2 linecolor 1 dashtype 1 title 'vector',\
    $server1 using 1:4 with linespoints linewidth 2 linecolor 2 dashtype 1 title 'pgvector 0.8.7'
set terminal pngcairo size 800,500 noenhanced
set output 'recall-qps.png'
set ylabel 'queries per second'
plot $server0 using 1:4 with linespoints linewidth 2 linecolor 1 dashtype 1 title 'vector',\
    $server1 using 1:4 with linespoints linewidth 2 linecolor 2 dashtype 1 title 'pgvector 0.8.7'
set terminal svg size 800,500 background rgb 'white' noenhanced
set output 'recall-ms.svg'
set ylabel 'server time of a query, ms'
plot $server0 using 1:2 with linespoints linewidth 2 linecolor 1 dashtype 1 title 'vector',\
    $server1 using 1:2 with linespoints linewidth 2 linecolor 2 dashtype 1 title 'pgvector 0.8.7'
set terminal pngcairo size 800,500 noenhanced
set output 'recall-ms.png'
set ylabel 'server time of a query, ms'
plot $server0 using 1:2 with linespoints linewidth 2 linecolor 1 dashtype 1 title 'vector',\
    $server1 using 1:2 with linespoints linewidth 2 linecolor 2 dashtype 1 title 'pgvector 0.8.7'
