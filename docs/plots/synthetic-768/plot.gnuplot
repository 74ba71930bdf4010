# sql_bench search --server vector=... --server 'pgvector 0.8.7=...' --synthetic rows=500000,dim=768,intrinsic=18,queries=1000,seed=1 --skip-load --skip-build --max-queries 500 --rounds 5 --slice-ms 800 --ef 10,20,40,80,160
# date: 2026-11-21 20:42 UTC
# processor: AMD EPYC
# processors: 2
# memory: 24684096 kB
# system: Linux 6.18.44-fc-v595 x86_64
# vector: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 1.0.0; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker;
# pgvector 0.8.7: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 0.8.7; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker;
set grid
set key outside below
set title noenhanced "synthetic, 500,000 rows, vector(768), l2\nAMD EPYC, 2 processors, PostgreSQL 18.6"
$server0 << end
0.8124 0.19693 10 4470.74
0.9186 0.24492 20 3594.77
0.9774 0.32982 40 2731.05
0.9948 0.53377 80 1627.49
0.9998 0.79572 160 1105.25
end
$server1 << end
0.834 0.61662 10 1566.55
0.9288 0.85898 20 1084.46
0.9786 1.53034 40 619.132
0.9952 2.99087 80 321.782
0.9996 5.02381 160 170.969
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
