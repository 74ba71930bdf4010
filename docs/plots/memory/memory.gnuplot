# For each size of shared_buffers, after a restart of both servers with it:
# sql_bench search --server vector=... --server pgvector=... --data debian-384-euclidean.hdf5 --skip-load --skip-build --ef 40 --rounds 5 --slice-ms 600 --explain 5
# date: 2026-11-21 22:53 UTC
# processor: AMD EPYC
# processors: 2
# memory: 24684096 kB
# system: Linux 6.18.44-fc-v595 x86_64
# PostgreSQL 18.6, extension vector 1.0.0 and pgvector 0.8.7, both with m = 16, ef_construction = 64; servers and client on one processor;
# what is not in shared_buffers is in the cache of the operating system
set grid
set key outside below
set title noenhanced "debian-384-euclidean, 50,000 rows, vector(384), l2, ef_search 40\nAMD EPYC, PostgreSQL 18.6"
# MB, vector, pgvector 0.8.7: queries per second
$qps << end
16 1491 603
24 2397 600
32 3763 642
48 4997 665
64 5620 799
96 7262 1529
128 7372 1883
256 7246 1789
1024 6772 1614
end
set logscale x 2
set xtics (16, 32, 64, 128, 256, 512, 1024)
set xlabel "shared_buffers, MB\n "
set ylabel 'queries per second'
set yrange [0:*]
set terminal svg size 800,500 background rgb 'white' noenhanced
set output 'memory.svg'
plot $qps using 1:2 with linespoints linewidth 2 linecolor 1 title 'vector (index of 31 MB)',\
     $qps using 1:3 with linespoints linewidth 2 linecolor 2 title 'pgvector 0.8.7 (index of 98 MB)'
