# Draws the plots of docs/tuning.md; the numbers are those of docs/benchmarks.md. Run it in this folder: gnuplot plot.gnuplot
set terminal svg size 560,340 font 'sans-serif,12' background rgb 'white'
set key left top
set xlabel 'recall at 10'
set ylabel 'ms a query (server)'
set grid
set yrange [0:*]
$ours_384 << END
.930 0.124
.962 0.238
.981 0.273
.990 0.484
END
$pgvector_384 << END
.933 0.393
.966 0.684
.979 0.929
.986 1.749
END
$ours_768 << END
.889 0.333
.964 0.432
.992 0.761
.998 1.199
END
$pgvector_768 << END
.924 1.036
.979 1.735
.996 3.241
.999 5.398
END
set output 'recall_384.svg'
set title '50,000 rows of 384 dimensions, ef\_search 20 to 160'
plot $ours_384 with linespoints lw 2 pt 7 title 'vector', $pgvector_384 with linespoints lw 2 pt 5 title 'pgvector 0.8.7'
set output 'recall_768.svg'
set title '500,000 rows of 768 dimensions, ef\_search 20 to 160'
plot $ours_768 with linespoints lw 2 pt 7 title 'vector', $pgvector_768 with linespoints lw 2 pt 5 title 'pgvector 0.8.7'
