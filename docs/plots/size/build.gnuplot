# sql_bench build --server sq8=... --server none=... --server 'pgvector 0.8.7=...' --with-of 'none=quantization = none' --synthetic rows=10000,queries=10 --dimensions 128,384,768,1536 --types vector,halfvec
# date: 2026-11-21 21:51 UTC
# processor: AMD EPYC
# processors: 2
# memory: 24684096 kB
# system: Linux 6.18.44-fc-v595 x86_64
# sq8: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 1.0.0; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker;
# none: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 1.0.0; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker;
# pgvector 0.8.7: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 0.8.7; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker;
set grid
set key outside below
set title noenhanced "synthetic, 10,000 rows, l2\nAMD EPYC, 2 processors, PostgreSQL 18.6"
$sizes << end
128 389.12 387.482 761.037 496.435 833.126 570.163
384 646.349 646.349 2061.93 1039.56 2048.82 1171.46
768 1039.56 1039.56 4110.75 2062.75 4096.82 2048.82
1536 2062.75 2064.38 8205.93 4109.93 8192.82 4096.82
end
set style data histograms
set style histogram clustered gap 1
set xlabel "dimensions\n "
set ylabel 'index, bytes a row'
set yrange [0:*]
set terminal svg size 800,500 background rgb 'white' noenhanced
set output 'size-dimensions.svg'
plot $sizes using 2:xtic(1) linecolor 1 fillstyle solid 0.8 title 'sq8, vector',\
     $sizes using 3 linecolor 1 fillstyle pattern 2 title 'sq8, halfvec',\
     $sizes using 4 linecolor 2 fillstyle solid 0.8 title 'none, vector',\
     $sizes using 5 linecolor 2 fillstyle pattern 2 title 'none, halfvec',\
     $sizes using 6 linecolor 3 fillstyle solid 0.8 title 'pgvector 0.8.7, vector',\
     $sizes using 7 linecolor 3 fillstyle pattern 2 title 'pgvector 0.8.7, halfvec'
set terminal pngcairo size 800,500 noenhanced
set output 'size-dimensions.png'
plot $sizes using 2:xtic(1) linecolor 1 fillstyle solid 0.8 title 'sq8, vector',\
     $sizes using 3 linecolor 1 fillstyle pattern 2 title 'sq8, halfvec',\
     $sizes using 4 linecolor 2 fillstyle solid 0.8 title 'none, vector',\
     $sizes using 5 linecolor 2 fillstyle pattern 2 title 'none, halfvec',\
     $sizes using 6 linecolor 3 fillstyle solid 0.8 title 'pgvector 0.8.7, vector',\
     $sizes using 7 linecolor 3 fillstyle pattern 2 title 'pgvector 0.8.7, halfvec'
