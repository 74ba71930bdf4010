# sql_bench build --server sq8=... --server none=... --with-of 'none=quantization = none' --synthetic rows=10000,queries=10 --dimensions 128,384,768,1536 --types vector,halfvec
# date: 2026-11-21 19:15 UTC
# processor: AMD EPYC
# processors: 2
# memory: 24684096 kB
# system: Linux 6.18.44-fc-v595 x86_64
# sq8: server PostgreSQL 15.20 (Debian 15.20-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14+deb12u1) 12.2.0, 64-bit; extension vector 1.0.0; shared_buffers 128MB; effective_cache_size 4GB; maintenance_work_mem 64MB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes on; synchronous_commit on; autovacuum on;
# none: server PostgreSQL 15.20 (Debian 15.20-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14+deb12u1) 12.2.0, 64-bit; extension vector 1.0.0; shared_buffers 128MB; effective_cache_size 4GB; maintenance_work_mem 64MB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes on; synchronous_commit on; autovacuum on;
set grid
set key outside below
set title noenhanced "synthetic, 10,000 rows, l2\nAMD EPYC, 2 processors, PostgreSQL 15.20"
$sizes << end
128 387.482 388.301 760.218 497.254
384 646.349 645.53 2061.93 1038.75
768 1038.75 1040.38 4110.75 2063.56
1536 2064.38 2064.38 8206.75 4111.56
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
     $sizes using 5 linecolor 2 fillstyle pattern 2 title 'none, halfvec'
set terminal pngcairo size 800,500 noenhanced
set output 'size-dimensions.png'
plot $sizes using 2:xtic(1) linecolor 1 fillstyle solid 0.8 title 'sq8, vector',\
     $sizes using 3 linecolor 1 fillstyle pattern 2 title 'sq8, halfvec',\
     $sizes using 4 linecolor 2 fillstyle solid 0.8 title 'none, vector',\
     $sizes using 5 linecolor 2 fillstyle pattern 2 title 'none, halfvec'
