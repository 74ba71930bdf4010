# sql_bench --server vector=... --server 'pgvector 0.8.7=...' --synthetic rows=500000,dim=768,intrinsic=18,queries=1000,seed=1 --max-queries 500 --ef 10,20,40,80,160 --rounds 3
# date: 2026-11-21
# processor: AMD EPYC (Zen 5, AVX-512 VNNI)
# processors: 2
# memory: 24 GB
# both servers: PostgreSQL 18.6; shared_buffers 4GB; everything in shared buffers; m = 16, ef_construction = 64; other work on the machine
# Drawn from the tables of docs/benchmarks.md.
set grid
set key outside below
set title noenhanced "synthetic, 500,000 rows, vector(768), l2\nAMD EPYC, 2 processors, PostgreSQL 18.6"
$server0 << end
.812 0.309 10 1378
.919 0.406 20 2144
.977 0.493 40 1636
.995 0.707 80 1203
1.000 1.243 160 658
end
$server1 << end
.834 1.069 10 507
.929 1.483 20 646
.979 2.081 40 440
.995 3.412 80 244
1.000 6.422 160 144
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
