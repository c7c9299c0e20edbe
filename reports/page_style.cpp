// The page's style sheet: light and dark, print, phone. Colours pass WCAG AA on their backgrounds.
#include "reports/page_style.h"

namespace nety::reports {

std::string_view page_style() {
  return R"css(
:root{color-scheme:light dark;--bg:#fbfaf8;--ink:#1d1d1f;--dim:#5a5e63;--line:#dedad3;--card:#fff;
--own:#1f5fbf;--other:#857c6d;--wall:#b3261e;--ok:#14633a;--okbg:#e0f2e7;--no:#a3261c;--nobg:#fbe6e3;
--maybe:#6f4a00;--maybebg:#fbf0d4;--na:#55595e;--nabg:#eceae5;--p0:#1f5fbf;--p1:#7fb0ea;--p2:#b26a00;
--p3:#9a948a;--mark:#eaf1fb}
@media screen and (prefers-color-scheme:dark){:root{--bg:#15161a;--ink:#eceae6;--dim:#aaa8a2;--line:#34363d;
--card:#1c1e24;--own:#6ea5f2;--other:#978f83;--wall:#ff8a80;--ok:#7fd6a0;--okbg:#16301f;--no:#ff9d92;
--nobg:#3a1a17;--maybe:#f0c869;--maybebg:#352a10;--na:#b0aea8;--nabg:#2a2c33;--p0:#6ea5f2;
--p1:#35609c;--p2:#d79a3c;--p3:#6b675f;--mark:#1f2a3d}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,"Segoe UI",sans-serif;
font-variant-numeric:tabular-nums;overflow-wrap:break-word}
main{max-width:1180px;margin:0 auto;padding:36px 20px 80px}
.skip{position:absolute;left:-999px}
.skip:focus{left:12px;top:8px;background:var(--card);padding:6px 12px}
a{color:var(--own)}
h1{font-size:29px;line-height:1.25;margin:6px 0 10px;letter-spacing:-.01em;max-width:32em;
text-wrap:balance}
h2{font-size:20px;margin:44px 0 12px}
h3{font-size:14px;margin:26px 0 6px;color:var(--dim);font-weight:600;letter-spacing:.02em}
h4{font-size:16px;margin:0}
.brief h4{font-weight:500;font-size:15px}
.items+h3{margin-top:34px}
p{margin:.4em 0;max-width:76ch}
.over{color:var(--dim);font-size:14px}
.lead{font-size:18px}
small,.dim{color:var(--dim)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:22px 0;
padding:0;list-style:none}
.tiles li{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.tiles b{display:block;font-size:25px;letter-spacing:-.01em}
.tiles span{color:var(--dim);font-size:14px}
.items{list-style:none;margin:0;padding:0;border-top:1px solid var(--line)}
.items>li{display:grid;grid-template-columns:132px 1fr;gap:4px 16px;padding:12px 0;
border-bottom:1px solid var(--line)}
.items p{margin:.15em 0;max-width:84ch}
.items h4+h4,.items p+h4{margin-top:.5em}
.items code{font-size:13px}
.more{color:var(--dim);font-size:14px}
.chip{display:inline-block;border-radius:99px;padding:2px 11px;font-size:13px;font-weight:600;
white-space:nowrap;justify-self:start;align-self:start}
.SUPPORTED,.ok{color:var(--ok);background:var(--okbg)}
.REFUTED,.fail{color:var(--no);background:var(--nobg)}
.INCONCLUSIVE,.warn{color:var(--maybe);background:var(--maybebg)}
.NOT,.absent,.unknown{color:var(--na);background:var(--nabg)}
.about{margin:56px 0 -24px;padding-top:18px;border-top:3px solid var(--line);color:var(--dim)}
.about b{color:var(--ink);font-size:18px}
nav{margin:18px 0 0}
nav ul{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:0;padding:0;font-size:14px}
.scroll{overflow-x:auto}
.scroll:focus-visible,.skip:focus{outline:2px solid var(--own);outline-offset:2px}
details{border:1px solid var(--line);border-radius:10px;padding:10px 16px;background:var(--card)}
summary{cursor:pointer;font-weight:600}
details .scroll{margin-top:12px}
thead button{font:inherit;color:inherit;background:none;border:0;padding:0;margin:0;cursor:pointer;
text-align:inherit;width:100%}
thead button:hover{text-decoration:underline}
thead button:focus-visible{outline:2px solid var(--own);outline-offset:3px}
.sort::after{content:""}
[aria-sort=ascending] .sort::after{content:" \25B2"}
[aria-sort=descending] .sort::after{content:" \25BC"}
.scroll+.scroll{margin-top:24px}
table{border-collapse:collapse;width:100%;font-size:14px}
caption{text-align:left;color:var(--dim);padding:0 0 8px}
th{font-weight:600;text-align:left;padding:8px;border-bottom:1px solid var(--line);
vertical-align:top}
thead th{color:var(--dim);font-size:13px;vertical-align:bottom}
thead small{display:block;font-weight:400}
td{padding:8px;border-bottom:1px solid var(--line);vertical-align:top}
th.n,td.n{text-align:right}
td.n{white-space:nowrap}
td.t{max-width:22em}
td small,tbody th small{display:block;font-size:12px;font-weight:400;white-space:normal}
td.n small{white-space:nowrap}
tr.marked>*{background:var(--mark)}
tr.dimmed>*{color:var(--dim)}
.estimated{font-style:italic}
figure{margin:0 0 16px;background:var(--card);border:1px solid var(--line);border-radius:12px;
padding:16px 18px 10px}
figcaption{font-weight:600;margin-bottom:6px}
.legend{display:flex;gap:4px 16px;flex-wrap:wrap;color:var(--dim);font-size:13px;margin:0 0 8px;
padding:0;list-style:none}
.legend i{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:6px;
vertical-align:-1px}
.legend .kw{background:var(--wall);width:3px}
.legend .kc,.legend .km{background:var(--ink);height:3px;vertical-align:3px}
.legend .km{height:12px;width:3px;vertical-align:-1px}
.legend .kl{background:none;border-left:3px dashed var(--wall);border-radius:0;width:3px}
.legend .kp{background:var(--own);border-radius:50%}
.legend .ks{background:var(--other)}
.legend .kd{background:none;border:2px solid var(--other);border-radius:50%}
.legend .kr{background:none;border:3px double var(--ink);border-radius:50%}
.legend .kb{background:var(--p1)}
svg{width:100%;height:auto;display:block;font:13px system-ui,sans-serif}
.narrow{display:none}
.grid{stroke:var(--line)}
.axis,svg .dim{fill:var(--dim)}
.axis{font-size:11.5px}
.lab,.val{fill:var(--ink)}
.val.none{fill:var(--dim)}
.mode{font-weight:600}
.part0,.k0{fill:var(--p0);background:var(--p0)}
.part1,.k1{fill:var(--p1);background:var(--p1)}
.part2,.k2{fill:var(--p2);background:var(--p2)}
.part3,.k3{fill:var(--p3);background:var(--p3)}
.rates .part0.other,.ko{fill:var(--other);background:var(--other)}
.ci{stroke:var(--ink);stroke-width:2;fill:none}
.ci.thin{stroke-width:1.3}
.wall{stroke:var(--wall);stroke-width:2.5}
.limit{stroke:var(--wall);stroke-width:1.6;stroke-dasharray:5 4}
.limitlab{fill:var(--wall);font-size:12px}
.beyond{fill:var(--nobg);opacity:.55}
.point{fill:var(--own);stroke:var(--card);stroke-width:1.5}
.point.other{fill:var(--other)}
.point.dominated{fill:var(--card);stroke:var(--other);stroke-width:2}
.point.choice{stroke:var(--ink);stroke-width:3}
.line{fill:none;stroke:var(--own);stroke-width:2}
.line.other{stroke:var(--other);stroke-dasharray:6 4}
.box{fill:var(--p1)}
.box.other{fill:var(--other);opacity:.6}
.median{stroke:var(--ink);stroke-width:2.5}
.ticks{stroke:var(--dim);stroke-width:1;opacity:.7}
code{font:14px/1.5 ui-monospace,"DejaVu Sans Mono",monospace;background:var(--nabg);
border-radius:6px;padding:2px 6px}
pre{margin:.4em 0;white-space:pre-wrap}
pre code{display:inline-block;max-width:100%;overflow-wrap:anywhere}
@media screen and (max-width:760px){
main{padding:24px 14px 60px}
h1{font-size:23px}
.lead{font-size:16px}
.items>li{grid-template-columns:1fr}
.wide{display:none}
.narrow{display:block}
figure{padding:14px 12px 8px}
.cards thead{position:absolute;left:-9999px}
.cards,.cards tbody,.cards tr,.cards caption{display:block}
.cards tr{border:1px solid var(--line);border-radius:10px;margin:0 0 12px;padding:4px 0;
background:var(--card)}
.cards tr.marked{border:2px solid var(--own)}
.cards th,.cards td,.cards td.n{display:flex;justify-content:space-between;gap:14px;
text-align:right;white-space:normal;border:0;padding:3px 14px;max-width:none}
.cards tr.marked>*{background:none}
.cards td::before{content:attr(data-label);color:var(--dim);text-align:left;flex:none}
.cards th{font-size:16px;padding:8px 14px}
.cards td.void{display:none}
}
@media print{
@page{size:A4;margin:13mm}
body{background:#fff;font-size:12px}
main{padding:0;max-width:none}
h1{font-size:22px}
h2{margin:26px 0 8px;break-after:avoid}
h3,h4,figcaption{break-after:avoid}
h4{font-size:12.5px}
.lead{font-size:14px}
.more,.legend,.tiles span,.chip,caption{font-size:10.5px}
.tiles b{font-size:18px}
figure,.tiles li,.items>li,tr{break-inside:avoid}
.scroll{overflow:visible}
table{font-size:8.5px}
td,th,thead th{padding:3px;font-size:8.5px}
td small,tbody th small,td.n small{font-size:7px;white-space:normal}
.items code,code{font-size:10px}
nav,.skip{display:none}
}
)css";
}

}  // namespace nety::reports
