// The page's only script: a button in every column's head sorts the table by it. Nothing depends on
// it.
#include "reports/page_style.h"

namespace nety::reports {

std::string_view page_script() {
  return R"js(
"use strict";
document.querySelectorAll("table[data-sort]").forEach(function(table){
  var body=table.tBodies[0],heads=[].slice.call(table.tHead.rows[0].cells);
  if(body.rows.length<2)return;
  function key(row,i){
    var cell=row.cells[i],value=cell.getAttribute("data-v");
    if(value!==null)return Number(value);
    var words=cell.textContent.trim();
    return words==="-"?null:words;
  }
  heads.forEach(function(head,i){
    var button=document.createElement("button"),sign=document.createElement("span");
    button.type="button";
    button.title=table.getAttribute("data-sort");
    while(head.firstChild)button.appendChild(head.firstChild);
    sign.className="sort";
    sign.setAttribute("aria-hidden","true");
    button.appendChild(sign);
    head.appendChild(button);
    button.addEventListener("click",function(){
      var up=head.getAttribute("aria-sort")!=="ascending";
      heads.forEach(function(other){other.removeAttribute("aria-sort");});
      head.setAttribute("aria-sort",up?"ascending":"descending");
      [].slice.call(body.rows).map(function(row,at){return{row:row,at:at,key:key(row,i)};})
        .sort(function(a,b){
          if(a.key===null||b.key===null)return(a.key===null)-(b.key===null)||a.at-b.at;
          var number=typeof a.key==="number"&&typeof b.key==="number";
          var order=number?a.key-b.key:String(a.key).localeCompare(String(b.key));
          return(up?order:-order)||a.at-b.at;
        }).forEach(function(entry){body.appendChild(entry.row);});
    });
  });
});
)js";
}

}  // namespace nety::reports
