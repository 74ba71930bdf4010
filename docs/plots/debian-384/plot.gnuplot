# sql_bench --server vector=... --server 'pgvector 0.8.7=...' --data debian-384-euclidean.hdf5 --ef 10,20,40,80,160,320 --rounds 5
# date: 2026-11-21
# processor: AMD EPYC (Zen 5, AVX-512 VNNI)
# processors: 2
# memory: 24 GB
# both servers: PostgreSQL 18.6; shared_buffers 4GB; everything in shared buffers; m = 16, ef_construction = 64; other work on the machine
# Drawn from the tables of docs/benchmarks.md.
set grid
set key outside below
set title noenhanced "debian-384-euclidean, 50,000 rows, vector(384), l2\nAMD EPYC, 2 processors, PostgreSQL 18.6"
$server0 << end
.894 0.134 10 3645
.940 0.132 20 2960
.968 0.179 40 2041
.985 0.267 80 1051
.992 0.466 160 938
.996 0.825 320 537
end
$server1 << end
.875 0.441 10 949
.927 0.523 20 670
.963 0.799 40 352
.977 1.204 80 322
.985 2.583 160 163
.994 5.717 320 99
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
