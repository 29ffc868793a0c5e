/** What is changed in commands of just-bash 3.4.2, so that they do as those of Debian do; see `patches.ts` for the names. */
import type { Patch } from "./Patch.ts"

export const commandPatches: ReadonlyArray<Patch> = [
  {
    why: "uniq counts in seven columns",
    find: "r?g+=`${String(w).padStart(4)} ${b}\n`",
    replace: "r?g+=`${String(w).padStart(7)} ${b}\n`"
  },
  {
    why: "head and tail say that they cannot open a file",
    find: "me(g),c.append(`${n}: ${m}: No such file or directory\n`),u=1",
    replace: "me(g),c.append(`${n}: cannot open '${m}' for reading: ${caissonPort.why(m)}\n`),u=1"
  },
  {
    why: "stat says what it cannot do",
    find: "o+=`stat: cannot stat '${f}': No such file or directory\n`",
    replace: "o+=`stat: cannot statx '${f}': ${caissonPort.why(f)}\n`"
  },
  {
    why: "tac says what it cannot do",
    find: "stderr:`tac: ${e[0]}: No such file or directory\n`",
    replace: "stderr:`tac: failed to open '${e[0]}' for reading: ${caissonPort.why(e[0])}\n`"
  },
  {
    why: "find quotes the name of what is missing",
    find: "y(`find: ${M}: No such file or directory\n`)",
    replace: "y(`find: '${M}': ${caissonPort.why(M)}\n`)"
  },
  {
    why: "ls does not expand patterns: the shell has done that",
    find: 'if(y.includes("*")||y.includes("?")||y.includes("[")){let x=await T8(',
    replace: "if(y===void 0){let x=await T8("
  },
  {
    why: "ls lists files first, and only folders one by one",
    find: 'let h="",m="",g=0,b=new Rt({limits:t.limits,signal:t.signal,executionScope:t.executionScope,site:"ls"});',
    replace:
      "let cxf=new Map;if(!f)for(let y of p)try{let x=await t.fs.stat(t.fs.resolvePath(t.cwd,y));cxf.set(y,x)}catch{}" +
      "let cxd=y=>cxf.get(y)?.isDirectory?1:0,cxo=(x,y)=>cxd(x)-cxd(y)||(l?-1:1)*" +
      "((c&&(cxf.get(y)?.size??0)-(cxf.get(x)?.size??0))||(d&&(cxf.get(y)?.mtime??0)-(cxf.get(x)?.mtime??0))||(x<y?-1:x>y?1:0));" +
      "p.length>1&&p.sort(cxo);" +
      'let h="",m="",g=0,b=new Rt({limits:t.limits,signal:t.signal,executionScope:t.executionScope,site:"ls"});'
  },
  {
    why: "ls puts an empty line before folders",
    find: "if(w>0&&h&&!h.endsWith(`\n\n`)&&(h=jt(t,h,`\n`)),f)",
    replace: "if(w>0&&h&&cxd(y)&&!h.endsWith(`\n\n`)&&(h=jt(t,h,`\n`)),f)"
  },
  {
    why: "ls says what it cannot do",
    find: 'if(b instanceof C||b instanceof He)throw b;return{stdout:"",stderr:`ls: ${e}: No such file or directory\n`,exitCode:2}}}var N8',
    replace:
      "if(b instanceof C||b instanceof He)throw b;" +
      "return{stdout:\"\",stderr:`ls: cannot access '${e}': ${caissonPort.why(e)}\n`,exitCode:2}}}var N8"
  },
  {
    why: "fields of sort have the blanks before them",
    find: "let r=n!==null?n:/\\s+/,s=e.split(r),i=t.startField-1;",
    replace: "let s=n!==null?e.split(n):e.match(/[ \\t]*[^ \\t]+/g)??[e],i=t.startField-1;"
  },
  {
    why: "a key of sort goes to the end of the line, or of its last field",
    find:
      'if(t.endField===void 0){let l=s[i]||"";return t.startChar!==void 0&&(l=l.slice(t.startChar-1)),' +
      "t.ignoreLeading&&(l=l.trimStart()),l}",
    replace:
      'if(t.endField===void 0){let l=s.slice(i).join(n??"");t.ignoreLeading&&(l=l.trimStart());' +
      "return t.startChar!==void 0&&(l=l.slice(t.startChar-1)),l}"
  },
  {
    why: "fields of a key of sort are joined as they were",
    find: 'l>i&&(a+=n||" "),a+=c',
    replace: 'l>i&&(a+=n??""),a+=c'
  },
  {
    why: "texts are sorted by code points",
    find: "let i=parseFloat(r)||0,o=parseFloat(s)||0;return i-o}return r.localeCompare(s)",
    replace: "let i=parseFloat(r)||0,o=parseFloat(s)||0;return i-o}return r<s?-1:r>s?1:0"
  },
  {
    why: "scripts, subshells and substitutions do at their end what they were told to do then",
    find: 'async executeScript(t){this.assertDefenseContext("execution");',
    replace:
      "async executeScript(t){return caissonTrapping(this.ctx,!1,()=>this.caissonScript(t))}" +
      'async caissonScript(t){this.assertDefenseContext("execution");'
  },
  {
    why: "a subshell has traps of its own",
    find: "l=>kO(e,t,l.stdin??n,r,s||l.stdin!==void 0)",
    replace: "l=>caissonTrapping(e,!0,()=>kO(e,t,l.stdin??n,r,s||l.stdin!==void 0))"
  },
  {
    why: "a substitution has traps of its own",
    find: "h=await e.executeScript(t)}catch(m)",
    replace: "h=await caissonTrapping(e,!0,()=>e.executeScript(t))}catch(m)"
  },
  {
    why: "a script in a file has traps of its own",
    find: "u=await s(c);return a(),u}",
    replace: "u=await caissonTrapping(e,!0,()=>s(c));return a(),u}"
  },
  {
    why: "what is to be done at the end of a script, whose exit code stays",
    find: "async function x3(e,t,n,r,s=!1){",
    replace:
      "async function caissonTrapping(e,own,body){" +
      "let outer=e.caissonTraps;if(!own&&outer!==void 0)return body();" +
      'e.caissonTraps=new Map(outer?.has("ERR")&&e.state.options.errtrace?[["ERR",outer.get("ERR")]]:[]);' +
      "let r,thrown;try{r=await body()}catch(x){if(!(x instanceof he)){e.caissonTraps=outer;throw x}thrown=x}" +
      'let script=e.caissonTraps.get("EXIT"),code=(r??thrown).exitCode;e.caissonTraps=outer;' +
      "if(!script){if(thrown!==void 0)throw thrown;return r}" +
      'let o=new hn(e.executionScope,"trap"),put=x=>{o.append("stdout",x.stdout),o.append("stderr",x.stderr)};' +
      "r===void 0?put(thrown):o.appendResult(r,$c(r));" +
      'e.state.lastExitCode=code;e.state.env.set("?",String(code));' +
      "try{let x=await e.executeScript(or(script));o.appendResult(x,$c(x))}" +
      "catch(x){if(!(x instanceof he))throw x;put(x);code=x.exitCode}" +
      "return{...o.build(code),env:Ht(e.state.env)}}" +
      "async function x3(e,t,n,r,s=!1){"
  },
  {
    why: "a statement that fails does what was to be done then",
    find: "if(this.ctx.state.errexitSafe=o||i||a,this.ctx.state.options.errexit&&",
    replace:
      'let cx=this.ctx.caissonTraps?.get("ERR");' +
      "if(cx&&r!==0&&s===t.pipelines.length-1&&!i&&!this.ctx.state.inCondition&&!a&&" +
      "(this.ctx.state.callDepth===0||this.ctx.state.options.errtrace)){" +
      'this.ctx.caissonTraps.delete("ERR");' +
      "try{let x=await this.caissonScript(or(cx));n.appendResult(x,$c(x))}catch(x){throw n.prependTo(x),x}" +
      'finally{this.ctx.caissonTraps.set("ERR",cx)}' +
      'this.ctx.state.lastExitCode=r,this.ctx.state.env.set("?",String(r))}' +
      "if(this.ctx.state.errexitSafe=o||i||a,this.ctx.state.options.errexit&&"
  },
  {
    why: "trap is a builtin",
    find: 'if(t==="break")return Nd(c,n);',
    replace: 'if(t==="trap")return caissonPort.trap(c,n);if(t==="break")return Nd(c,n);'
  },
  {
    why: "set -E is kept",
    find: '["T",null],["E",null],["p",null]]),yc=',
    replace: '["T",null],["E","errtrace"],["p",null]]),yc='
  },
  {
    why: "set -o errtrace is kept",
    find: '["errtrace",null]',
    replace: '["errtrace","errtrace"]'
  },
  {
    why: "exec of a command ends the shell",
    find: "return{...await u(f,d,[],s,!1,!1,-1,l),internalProducerOmitsShellPrefix:!0}",
    replace: "let cx=await u(f,d,[],s,!1,!1,-1,l);throw new he(cx.exitCode,$c(cx),cx.stderr)"
  },
  {
    why: "jq sorts what is unique",
    find: "i.has(l)||(i.add(l),o.push(a))}return[o]}return[null];",
    replace: "i.has(l)||(i.add(l),o.push(a))}return[o.sort(Wa)]}return[null];"
  },
  {
    why: "jq sorts groups",
    find: "u.get(d)?.push(f)}return[[...u.values()]]}",
    replace: "u.get(d)?.push(f)}return[[...u].sort((x,y)=>o(JSON.parse(x[0]),JSON.parse(y[0]))).map(x=>x[1])]}"
  },
  {
    why: "head and tail take flags in one word",
    find: "function ha(e,t){let n=10,",
    replace:
      "function ha(e,t){e=e.flatMap(c=>{let x=/^-([qvz]+)([nc].*)?$/.exec(c);" +
      "return x===null?[c]:[...Array.from(x[1],y=>`-${y}`),...(x[2]?[`-${x[2]}`]:[])]});" +
      "e=e.flatMap(c=>/^-c./.test(c)?['-c',c.slice(2)]:c.startsWith('--bytes=')?['-c',c.slice(8)]:[c]);let n=10,"
  },
  {
    why: "head takes all but the last bytes, tail those from one on",
    find: 'r=parseInt(e[++l],10);else if(c.startsWith("-c"))',
    replace:
      "{let x=e[++l],y=parseInt(x,10);" +
      'r=t==="head"?y:x.startsWith("+")?y<=1?Infinity:1-y:Math.abs(y)}else if(c.startsWith("-c"))'
  },
  {
    why: "less than none of a file's bytes or lines is all but so many",
    find: "return r!==null&&(Number.isNaN(r)||r<0)?",
    replace: 't==="tail"&&(n=Math.abs(n));return r!==null&&Number.isNaN(r)?'
  },
  {
    why: "a negative number of lines is none for tail alone",
    find: 'Number.isNaN(n)||n<0?{ok:!1,error:{stdout:"",stderr:`${t}: invalid number of lines\n`',
    replace: 'Number.isNaN(n)?{ok:!1,error:{stdout:"",stderr:`${t}: invalid number of lines\n`'
  },
  {
    why: "head leaves the last lines out",
    find: "if(n!==null)return e.slice(0,n);if(t===0)",
    replace: "if(n!==null)return e.slice(0,n);if(t<0)return e.slice(0,e.length-Qh(e,-t,null,!1).length);if(t===0)"
  },
  {
    why: "wc counts of stdin in columns",
    find: '${_c(y,r,s,l,"",0)}',
    replace: '${_c(y,r,s,l,"",Number(r)+Number(s)+Number(l)>1?7:0)}'
  },
  {
    why: "wc makes columns as wide as the number of bytes",
    find: "b=a.length>1?3:0;r&&",
    replace:
      "b=a.length===1&&Number(r)+Number(s)+Number(l)===1?0:String(c.files.reduce((y,x)=>y+x.content.length,0)).length;r&&"
  },
  {
    why: "grep knows -H, -s and what changes nothing",
    find: '"||pe==="--silent")g=!0;else{if(pe.startsWith("--"))return re("grep",pe)',
    replace:
      '"||pe==="--silent")g=!0;else if(pe==="H"||pe==="--with-filename")cxh=!0;' +
      'else if(pe==="s"||pe==="--no-messages")cxs=!0;' +
      'else if(pe==="a"||pe==="--text"||pe==="G"||pe==="--line-buffered"||/^--colou?r/.test(pe));' +
      'else{if(pe.startsWith("--"))return re("grep",pe)'
  },
  {
    why: "grep remembers -H and -s",
    find: 'name:"grep",async execute(e,t){let n=!1,',
    replace: 'name:"grep",async execute(e,t){let cxh=!1,cxs=!1,n=!1,'
  },
  {
    why: "grep names stdin",
    find: 'fe=Es(se,U,{invertMatch:s,showLineNumbers:r,countOnly:i,filename:"",',
    replace: 'fe=Es(se,U,{invertMatch:s,showLineNumbers:r,countOnly:i,filename:cxh?"(standard input)":"",'
  },
  {
    why: "grep names files if it is told to",
    find: "ge=(ee.length>1||l&&Ie)&&!m",
    replace: "ge=(cxh||ee.length>1||l&&Ie)&&!m"
  },
  {
    why: "grep says nothing of missing files if it is told to",
    find: "{stdout:z,stderr:D,exitCode:tt}}},P1=256",
    replace: '{stdout:z,stderr:cxs?"":D,exitCode:tt}}},P1=256'
  },
  {
    why: "grep does not expand patterns: the shell has done that",
    find: 'Ie=!0,se.includes("*")||se.includes("?")||se.includes("["))',
    replace: "Ie=!0,se===void 0)"
  },
  {
    why: "sort knows -z, -m and -g",
    find: 'else if(u==="-s"||u==="--stable")n.stable=!0;else if(u==="-c"||u==="--check")',
    replace:
      'else if(u==="-z"||u==="--zero-terminated")n.zero=!0;else if(u==="-m"||u==="--merge");' +
      'else if(u==="-g"||u==="--general-numeric-sort")n.numeric=!0;' +
      'else if(u==="-s"||u==="--stable")n.stable=!0;else if(u==="-c"||u==="--check")'
  },
  {
    why: "sort knows -z, -m and -g beside other flags",
    find: 'else if(d==="s")n.stable=!0;else if(d==="c")n.checkOnly=!0;else{f=!0;break}',
    replace:
      'else if(d==="z")n.zero=!0;else if(d==="g")n.numeric=!0;else if(d==="m");' +
      'else if(d==="s")n.stable=!0;else if(d==="c")n.checkOnly=!0;else{f=!0;break}'
  },
  {
    why: "sort says what it cannot do",
    find: 'let s=await ei(t,r,{cmdName:"sort"});if(!s.ok)return s.error;let o=ue(s.content).split(`\n`);',
    replace:
      'let s=await ei(t,r,{cmdName:"sort"});' +
      'if(!s.ok)return{...s.error,stderr:s.error.stderr.replace(/^sort: /,"sort: cannot read: "),exitCode:2};' +
      "let cxe=n.zero?`\0`:`\n`,o=ue(s.content).split(cxe);"
  },
  {
    why: "sort ends lines as they were",
    find: 'o.sort(a),n.unique&&(o=Jm(o,n));let l=o.length>0?`${o.join(`\n`)}\n`:"";',
    replace: 'o.sort(a),n.unique&&(o=Jm(o,n));let l=o.length>0?`${o.join(cxe)}${cxe}`:"";'
  },
  {
    why: "a key of sort may be a general number",
    find: 'let t={startField:1},n="",r=e,s=r.match(/([bdfhMnrV]+)$/);',
    replace: 'e=e.replace(/g/g,"n");let t={startField:1},n="",r=e,s=r.match(/([bdfhMnrV]+)$/);'
  },
  {
    why: "a quoted plus or question mark of a basic expression repeats",
    find: 'if(o==="}"){t+="\\\\}",n+=2,r=!1;continue}t+=i+o',
    replace: 'if(o==="}"){t+="\\\\}",n+=2,r=!1;continue}' + 'if((o==="+"||o==="?")&&!r){t+=o,n+=2;continue}t+=i+o'
  },
  {
    why: "digests are computed outside: here they would take seconds for each mebibyte",
    find: 'async function S2(e,t){if(e==="md5")return EA(t);',
    replace: "async function S2(e,t){return caissonPort.digest(e,t);"
  }
]

/**
 * The same text with other words in its messages: most commands take whatever goes wrong with a file for a missing one, and say
 * so right after it.
 */
export const withReasons = (text: string): string =>
  text.replace(
    /\$\{([^{}`]+)\}: No such file or directory\n/g,
    (_, name: string) => `\${${name}}: \${caissonPort.why(${name})}\n`
  )
