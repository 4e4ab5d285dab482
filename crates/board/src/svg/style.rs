//! The style sheet of all pictures.

/// Colors for light, dark and paper. Eight line colors that people with any color vision can tell
/// apart (Okabe and Ito, 2008), with a number beside each.
pub const CSS: &str = "\
:root{--b-ink:#1b1f24;--b-dim:#57606a;--b-rule:#d8dee4;--b-paper:#fff;--b-good:#1a7f37;--b-warn:#9a6700;--b-crit:#cf222e;--b-info:#0969da;--b-unknown:#8c959f;--s0:#0072b2;--s1:#d55e00;--s2:#009e73;--s3:#cc79a7;--s4:#8f6e00;--s5:#0f5f8a;--s6:#5d3a9b;--s7:#57606a}
@media (prefers-color-scheme:dark){:root{--b-ink:#e6edf3;--b-dim:#9198a1;--b-rule:#30363d;--b-paper:#0d1117;--b-good:#3fb950;--b-warn:#d29922;--b-crit:#f85149;--b-info:#58a6ff;--b-unknown:#6e7681;--s0:#56b4e9;--s1:#e69f00;--s2:#2dc9a0;--s3:#e39ac4;--s4:#f0e442;--s5:#7cc4ff;--s6:#b39ddb;--s7:#9198a1}}
@media print{:root{--b-ink:#000;--b-dim:#333;--b-rule:#bbb;--b-paper:#fff;--b-good:#060;--b-warn:#640;--b-crit:#900}}
.b-svg{display:block;width:100%;height:auto;font:11px system-ui,sans-serif;fill:var(--b-ink)}
.b-axis line{stroke:var(--b-rule);stroke-width:1}.b-axis text,.b-tick{fill:var(--b-dim)}
.b-line{fill:none;stroke-width:1.5;stroke-linejoin:round}.b-area,.b-band{opacity:.22;stroke:none}
.s0{--s:var(--s0)}.s1{--s:var(--s1)}.s2{--s:var(--s2)}.s3{--s:var(--s3)}.s4{--s:var(--s4)}.s5{--s:var(--s5)}.s6{--s:var(--s6)}.s7{--s:var(--s7)}
.b-good{--s:var(--b-good)}.b-warn{--s:var(--b-warn)}.b-crit{--s:var(--b-crit)}.b-info{--s:var(--b-info)}.b-unknown{--s:var(--b-unknown)}
.b-line{stroke:var(--s)}.b-area,.b-band,.b-dot,.b-bar rect{fill:var(--s)}
.b-level line{stroke:var(--s);stroke-width:1.25;stroke-dasharray:6 3}.b-level.b-crit line{stroke-dasharray:none}.b-level text{fill:var(--s);paint-order:stroke;stroke:var(--b-paper);stroke-width:3}
.b-mark line{stroke:var(--b-dim);stroke-dasharray:1 3}.b-mark text{fill:var(--b-dim);font-size:8px}
.b-spell rect{fill:var(--s)}.b-spell text{fill:var(--b-paper)}
.b-legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1rem;margin:.3rem 0 0;padding:0;font-size:.8rem}
.b-key{display:inline-block;min-width:1.1em;padding:0 .2em;border-radius:.2em;background:var(--s);color:var(--b-paper);text-align:center;font-size:.75em}
.b-stat{display:grid;grid-template-columns:1fr auto;gap:.1rem .6rem;align-items:baseline}.b-stat strong{font-size:1.6rem;font-variant-numeric:tabular-nums;color:var(--s,var(--b-ink))}
.b-stat .b-name,.b-stat .b-note,.b-limits{color:var(--b-dim);font-size:.8rem}.b-stat .b-spark,.b-stat .b-name,.b-stat .b-note{grid-column:1/-1}.b-word{color:var(--s);font-weight:600}
.b-scroll{overflow-x:auto}.b-table{border-collapse:collapse;width:100%;font-size:.85rem;font-variant-numeric:tabular-nums}.b-table caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.b-table th,.b-table td{padding:.25rem .5rem;border-bottom:1px solid var(--b-rule);text-align:left;white-space:nowrap}.b-table thead th{color:var(--b-dim);font-weight:600}.b-table .b-number{text-align:right}.b-table td.b-warn,.b-table td.b-crit{color:var(--s);font-weight:600}
.b-empty{color:var(--b-dim);font-style:italic}
.b-stale{filter:grayscale(1);opacity:.6}
";
