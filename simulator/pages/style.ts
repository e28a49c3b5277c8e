/** The one stylesheet of the pages; they load nothing from anywhere. */
export const STYLE = `
:root{--ink:#17171c;--soft:#5d5c68;--line:#e6e3ea;--paper:#fff;--ground:#f6f4f8;--accent:#6b3fd4;--accent-ink:#fff;--tint:#f0eafc;--good:#0f7a4f;--good-tint:#e3f5ec;--warn:#8f5a00;--warn-tint:#fdf1db;--bad:#b3261e;--bad-tint:#fde9e7;--radius:16px}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;-webkit-font-smoothing:antialiased}
a{color:var(--accent)}
a:focus-visible,button:focus-visible,input:focus-visible,select:focus-visible,summary:focus-visible{outline:3px solid #b9a2f2;outline-offset:2px}
.bar{background:var(--ink);color:#fff}
.bar .in{max-width:1120px;margin:0 auto;padding:14px 24px;display:flex;gap:16px;align-items:center;justify-content:space-between;flex-wrap:wrap}
.bar a{color:#fff;text-decoration:none;font-weight:650;letter-spacing:-.01em;display:flex;gap:10px;align-items:center}
.dot{width:12px;height:12px;border-radius:50%;background:#b79bff;display:inline-block}
.bar span.note{color:#c9c6d6;font-size:14px}
main{max-width:1120px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:30px;line-height:1.2;letter-spacing:-.02em;margin:0 0 6px}
h2{font-size:19px;letter-spacing:-.01em;margin:0 0 14px}
h3{font-size:15px;margin:0 0 8px}
p{margin:0 0 12px}
.lead{color:var(--soft);max-width:64ch;margin-bottom:28px}
.card{background:var(--paper);border:1px solid var(--line);border-radius:var(--radius);padding:24px;box-shadow:0 1px 2px rgba(20,16,40,.04)}
.card+.card,section+section{margin-top:24px}.grid .card+.card{margin-top:0}.card>:last-child{margin-bottom:0}
.grid{display:grid;gap:16px;grid-template-columns:repeat(auto-fill,minmax(270px,1fr))}
.tile{display:flex;flex-direction:column;gap:4px;text-decoration:none;color:inherit;transition:border-color .12s,transform .12s}
.tile:hover{border-color:var(--accent);transform:translateY(-1px)}
.tile .amount{font-size:25px;font-weight:680;letter-spacing:-.02em}
.tile .go{margin-top:12px;color:var(--accent);font-weight:600}
.soft{color:var(--soft)}.small{font-size:14px}.num{font-variant-numeric:tabular-nums}
.wrap{overflow-wrap:anywhere}
.badge{display:inline-block;border-radius:999px;padding:3px 11px;font-size:13px;font-weight:620;background:var(--tint);color:#4b22b0;white-space:nowrap}
.badge.good{background:var(--good-tint);color:var(--good)}.badge.warn{background:var(--warn-tint);color:var(--warn)}.badge.bad{background:var(--bad-tint);color:var(--bad)}.badge.flat{background:#efedf2;color:var(--soft)}
.checkout{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,400px);gap:24px;align-items:start}
.checkout>.side{position:sticky;top:24px}
.lines{list-style:none;margin:0;padding:0}
.lines li{display:flex;justify-content:space-between;gap:16px;padding:12px 0;border-bottom:1px solid var(--line)}
.lines li>div:last-child{white-space:nowrap}
.lines li:last-child{border-bottom:0}
.sum{display:flex;justify-content:space-between;padding:8px 0}
.sum.total{font-size:21px;font-weight:680;letter-spacing:-.01em;border-top:2px solid var(--ink);margin-top:8px;padding-top:14px}
.fields{display:grid;grid-template-columns:1fr 1fr;gap:14px}
.fields .full{grid-column:1/-1}
label{display:block;font-size:13px;font-weight:600;color:var(--soft)}
input[type=text],input[type=email],input[type=tel],select{width:100%;margin-top:4px;padding:11px 12px;border:1px solid #cfcad8;border-radius:10px;font-family:inherit;font-size:16px;font-weight:400;color:var(--ink);background:#fff}
input:disabled{background:#f6f4f8;color:var(--soft)}
.methods{display:grid;gap:10px;border:0;margin:0;padding:0;min-width:0}
.method{display:flex;gap:12px;align-items:center;border:1px solid #cfcad8;border-radius:12px;padding:14px;cursor:pointer;color:var(--ink);font-size:16px}
.method:has(input:checked){border-color:var(--accent);background:var(--tint)}
.method input{width:18px;height:18px;accent-color:var(--accent);margin:0;flex:none}
.method small{display:block;color:var(--soft);font-weight:400;font-size:14px}
.button{display:inline-flex;justify-content:center;align-items:center;gap:8px;border:0;border-radius:12px;padding:14px 20px;font:inherit;font-weight:650;background:var(--accent);color:var(--accent-ink);cursor:pointer;text-decoration:none}
.button:hover{filter:brightness(1.08)}
.button.wide{width:100%}.button.plain{background:#efedf2;color:var(--ink)}.button.slim{padding:8px 13px;border-radius:10px;font-size:14px}
.row{display:flex;gap:10px;flex-wrap:wrap;align-items:center}
.center{text-align:center}
pre{margin:0;background:#1e1b29;color:#eeeaf8;border-radius:12px;padding:16px;overflow:auto;font:13px/1.55 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;max-height:340px;white-space:pre-wrap;overflow-wrap:anywhere}
code{font:13.5px ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.token{display:block;background:var(--tint);border-radius:10px;padding:12px 14px;margin-bottom:10px}
.head{display:flex;justify-content:space-between;gap:12px;align-items:center;flex-wrap:wrap;margin-bottom:12px}
.head h2,.head h3{margin:0}
.banner{border-radius:var(--radius);padding:18px 22px;margin-bottom:24px;background:var(--good-tint);color:#0b5c3b}
.banner.bad{background:var(--bad-tint);color:#8c1d17}.banner strong{display:block;font-size:19px;letter-spacing:-.01em}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(118px,1fr));gap:16px;margin:0}
.facts dt{font-size:13px;color:var(--soft)}.facts dd{margin:0;font-weight:640;font-size:19px;letter-spacing:-.01em}
.facts.text dd{font-weight:500;font-size:15px;letter-spacing:0;overflow-wrap:anywhere}
.meter{display:flex;height:12px;border-radius:999px;overflow:hidden;background:#efedf2;margin:18px 0 8px}
.meter i{display:block;height:100%}.meter .refunded{background:#c9c3d6}.meter .kept{background:var(--good)}.meter .open{background:#b79bff}
.legend{display:flex;gap:16px;flex-wrap:wrap;font-size:13px;color:var(--soft)}.legend b{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px}
.table{overflow-x:auto;margin:0 -24px;padding:0 24px}
table{width:100%;border-collapse:collapse;font-size:14px}
th{text-align:left;font-size:12.5px;color:var(--soft);font-weight:600;padding:6px 12px 6px 0;border-bottom:1px solid var(--line);white-space:nowrap}
td{padding:10px 12px 10px 0;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child td{border-bottom:0}
td.right,th.right{text-align:right;padding-right:0}
.empty{padding:36px 24px;text-align:center;color:var(--soft)}
.clock{display:flex;gap:10px;flex-wrap:wrap;align-items:center;justify-content:space-between}
details summary{cursor:pointer;color:var(--accent);font-weight:600}
@media(max-width:820px){.checkout{grid-template-columns:minmax(0,1fr)}.checkout>.side{position:static;order:-1}main{padding:22px 16px 48px}.bar .in{padding:12px 16px}.card{padding:18px}.table{margin:0 -18px;padding:0 18px}h1{font-size:25px}}
@media(max-width:480px){.fields{grid-template-columns:1fr}.bar .in{row-gap:0}.bar span.note{width:100%}}
@media(max-width:620px){.stack thead{display:none}.stack tr{display:block;padding:10px 0;border-bottom:1px solid var(--line)}.stack tr:last-child{border-bottom:0}.stack td{display:flex;justify-content:space-between;gap:16px;border:0;padding:3px 0;text-align:right}.stack td::before{content:attr(data-label);color:var(--soft);text-align:left;flex:none}.stack td.right{text-align:right}}
`;
