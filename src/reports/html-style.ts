/** The page's style sheet. */
export const pageStyle = `
*{box-sizing:border-box}
html{background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
body{max-width:1200px;margin:0 auto;padding:36px 28px 64px}
header{display:flex;justify-content:space-between;align-items:flex-start;gap:24px;margin-bottom:20px}
h1{font-size:24px;line-height:1.25;letter-spacing:-.015em;margin:0;overflow-wrap:anywhere}
header p{margin:4px 0 0;color:var(--muted)}
button{border:1px solid var(--line);background:var(--panel);color:var(--ink);border-radius:10px;width:38px;height:38px;display:grid;place-items:center;cursor:pointer}
figure{position:relative;margin:0;padding:16px 8px 4px;border:1px solid var(--line);border-radius:16px;outline-offset:3px;touch-action:pan-y}
figure>svg{display:block;width:100%;height:auto;overflow:visible}
#cursor{stroke:var(--ink);stroke-width:1;opacity:.55;pointer-events:none}
#selection{fill:var(--ink);opacity:.1;pointer-events:none}
.time path{vector-effect:non-scaling-stroke}
.hint{position:absolute;right:20px;bottom:-1.9em;margin:0;font-size:12px;color:var(--muted)}
figure svg{cursor:crosshair;user-select:none}
#tip{position:absolute;top:10px;z-index:1;pointer-events:none;min-width:208px;padding:10px 12px;border:1px solid var(--line);border-radius:12px;background:var(--paper);box-shadow:0 8px 28px rgb(0 0 0/.16);font-size:13px}
#tip[hidden]{display:none}
#tip time{font-weight:650;font-variant-numeric:tabular-nums}
#tip h3{font-size:11px;font-weight:600;color:var(--muted);margin:8px 0 2px;text-transform:uppercase;letter-spacing:.05em}
#tip p{display:flex;align-items:center;gap:7px;margin:2px 0}
#tip p b{margin-left:auto;font-weight:600;font-variant-numeric:tabular-nums}
#tip .raw{color:var(--muted)}
.chip{display:inline-block;width:10px;height:10px;border-radius:3px;flex:none}
.shares{display:grid;margin-top:36px;grid-template-columns:repeat(auto-fit,minmax(min(100%,380px),1fr));gap:16px}
.shares article{border:1px solid var(--line);border-radius:16px;padding:16px 20px}
h2{font-size:13px;font-weight:600;color:var(--muted);margin:0 0 10px}
.bar{display:flex;gap:2px;height:14px;border-radius:7px;overflow:hidden}
.bar .chip{height:100%;width:auto;flex:1 1 0;border-radius:0;min-width:2px}
.shares ul{list-style:none;display:flex;flex-wrap:wrap;gap:4px 20px;margin:12px 0 0;padding:0}
.shares li{display:flex;align-items:center;gap:7px}
.shares b{font-weight:650;font-variant-numeric:tabular-nums}
details{margin-top:20px;border:1px solid var(--line);border-radius:16px;padding:12px 20px}
summary{cursor:pointer;font-weight:600}
table{width:100%;border-collapse:collapse;margin:12px 0 4px;font-variant-numeric:tabular-nums}
th{text-align:left;font-size:12px;font-weight:600;color:var(--muted)}
th,td{padding:5px 14px 5px 0;border-bottom:1px solid var(--line)}
tr:last-child td{border-bottom:0}
.number{text-align:right}
.label .chip{margin-right:8px}
.tools{display:flex;flex-wrap:wrap;align-items:center;gap:12px;margin-top:28px}
.tools button{width:auto;padding:0 14px}
.tools audio{flex:1 1 280px}
.tools audio[hidden]{display:none}
@media (max-width:640px){body{padding:20px 12px 40px}h1{font-size:20px}figure{overflow-x:auto;touch-action:pan-x pan-y}figure>svg{width:900px}.hint{display:none}details{overflow-x:auto}}
@media print{button,details:not([open]){display:none}}
`;
