# sql_bench build --server vector=... --server 'pgvector 0.8.7=...' --synthetic rows=100000,dim=768,intrinsic=18,queries=1,seed=1 --table sql_bench_build --row-counts 12500,25000,50000,100000 --with 'm = 16, ef_construction = 64' --set-build maintenance_work_mem=4GB
# date: 2026-11-21 20:52 UTC
# processor: AMD EPYC
# processors: 2
# memory: 24684096 kB
# system: Linux 6.18.44-fc-v595 x86_64
# vector: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 1.0.0; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker; maintenance_work_mem (build) 4GB;
# pgvector 0.8.7: server PostgreSQL 18.6 (Debian 18.6-3) on x86_64-pc-linux-gnu, compiled by x86_64-linux-gnu-gcc (Debian 16.2.0-1) 16.2.0, 64-bit; extension vector 0.8.7; shared_buffers 4GB; effective_cache_size 4GB; maintenance_work_mem 4GB; max_parallel_maintenance_workers 2; max_parallel_workers 8; work_mem 4MB; huge_pages try; fsync off; full_page_writes off; synchronous_commit off; autovacuum off; io_method worker; maintenance_work_mem (build) 4GB;
set grid
set key outside below
set title noenhanced "synthetic, 768 dimensions, vector, l2, m = 16, ef_construction = 64\nAMD EPYC, 2 processors, PostgreSQL 18.6"
$build0 << end
12500 2.4836
25000 4.86985
50000 8.11857
100000 16.8526
end
$build1 << end
12500 13.8043
25000 30.0306
50000 47.3829
100000 156.579
end
set logscale xy
set xlabel "rows\n "
set ylabel 'CREATE INDEX, seconds'
set xtics out ('12,500' 12500, '25,000' 25000, '50,000' 50000, '100,000' 100000)
set xrange [10000:125000]
set terminal svg size 800,500 background rgb 'white' noenhanced
set output 'build-rows.svg'
plot $build0 using 1:2 with linespoints linewidth 2 linecolor 1 dashtype 1 title 'vector',\
     $build1 using 1:2 with linespoints linewidth 2 linecolor 2 dashtype 1 title 'pgvector 0.8.7'
set terminal pngcairo size 800,500 noenhanced
set output 'build-rows.png'
plot $build0 using 1:2 with linespoints linewidth 2 linecolor 1 dashtype 1 title 'vector',\
     $build1 using 1:2 with linespoints linewidth 2 linecolor 2 dashtype 1 title 'pgvector 0.8.7'
unset logscale
set xtics auto
set autoscale x
