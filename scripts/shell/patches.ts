/**
 * What is changed in just-bash 3.4.2. Names are those of its minified bundle, and `caissonPort` is what lies in `port.js`: by it
 * the shell outside gets output as it comes and a say in every command.
 *
 * - `ctx.caissonRelay` takes a result whose output goes to the terminal, and gives it back without. It is there in the
 *   interpreter of a job only, not in those that commands such as `xargs` start.
 * - `ctx.caissonHolds` counts the places under way whose output is wanted elsewhere: then nothing is taken.
 */
import type { Patch } from "./Patch.ts"

/** Makes output of what the function does stay in its result. */
const holding = (why: string, name: string, parameters: string, given: string, condition: string): Patch => ({
  why,
  find: `async function ${name}(${parameters}){`,
  replace:
    `async function ${name}(${parameters}){return caissonPort.holding(e,${condition},()=>caissonHeld_${name}(${given}))}` +
    `async function caissonHeld_${name}(${parameters}){`
})

export const patches: ReadonlyArray<Patch> = [
  {
    why: "the port is at hand, and what the shell outside needs is exported",
    find: "export{Hp as Bash,",
    replace:
      'import{port as caissonPort}from"./port.js";' +
      "export{Yo as Interpreter,xl as ExecutionScope,or as parse,$c as textOf,hn as Output,Ci as checksum,Hp as Bash,"
  },
  {
    why: "output of a pipeline goes out when it is over",
    find: "let f=await this.executePipeline(c);n.appendResult(f,$c(f))",
    replace: "let f=caissonPort.relay(this.ctx,await this.executePipeline(c),$c);n.appendResult(f,$c(f))"
  },
  {
    why: "output of a statement goes out when it is over",
    find: "let i=await this.executeStatement(s);r.appendResult(i,$c(i))",
    replace: "let i=caissonPort.relay(this.ctx,await this.executeStatement(s),$c);r.appendResult(i,$c(i))"
  },
  {
    why: "the trace of a command goes out before its output",
    find: "let x=await J4(this.ctx,u,f);",
    replace:
      "let x=await J4(this.ctx,u,f);" +
      "if(o+x){let cx=caissonPort.relay(this.ctx,Q('',o+x,0),$c);cx.stderr===''&&(o='',x='')}"
  },
  {
    why: "a command is put to the rules with its words, and with what stands around them",
    find: "async runCommand(t,n,r,s,i=!1,o=!1,a=-1,l=!1){",
    replace:
      "async runCommand(t,n,r,s,i=!1,o=!1,a=-1,l=!1){" +
      "let cx=caissonPort.refusedCommand(this.ctx,t,n);if(cx!==void 0)return Q('',cx,126);"
  },
  {
    why: "what stands around a command is known when it is run",
    find: "S=await this.runCommand(u,f,d,n,!1,!1,w,y)",
    replace: "this.ctx.caissonAround=around;S=await this.runCommand(u,f,d,n,!1,!1,w,y)"
  },
  {
    why: "a redirection knows its command",
    find: 'let g=Wi(this.ctx,t.redirections,u==="exec"?A4:Ho);',
    replace:
      "let around={words:[u,...f],redirections:[],assignments:[...i.keys()].map(N=>`${N}=${this.ctx.state.env.get(N)??''}`)};" +
      'let g=Wi(this.ctx,t.redirections,u==="exec"?A4:Ho,around);'
  },
  {
    why: "redirections know their command",
    find: "function Wi(e,t,n){let r={",
    replace: "function Wi(e,t,n,around){let r={around,"
  },
  {
    why: "a redirection is put to the rules before it is opened",
    find: 'if(s.set(w,S),S.includes("\\0"))',
    replace:
      "let cx=caissonPort.refusedRedirection(e,r.around,y.operator,S);if(cx!==void 0)return p(Q('',cx,126),w);" +
      'if(s.set(w,S),S.includes("\\0"))'
  },
  {
    why: "a script within a script is put to the rules",
    find: "function or(e,t){",
    replace: "function or(e,t){caissonPort.checkScript(e);"
  },
  {
    why: "a file that is run as a script is put to the rules",
    find: "let c=new be().parse(i),u=await s(c);",
    replace: "caissonPort.checkScript(i);let c=new be().parse(i),u=await s(c);"
  },
  {
    why: "a script that is refused has no error of syntax",
    find: "stderr:`bash: syntax error: ${Ye(y.message)}",
    replace: 'stderr:`bash: ${y.isRefusal?"":"syntax error: "}${Ye(y.message)}'
  },
  {
    why: "a simple command may be redirected",
    find: "async executeSimpleCommandInner(t,n,r){",
    replace:
      "async executeSimpleCommandInner(t,n,r){" +
      "return caissonPort.holding(this.ctx,t.redirections,()=>this.caissonHeldCommand(t,n,r))}" +
      "async caissonHeldCommand(t,n,r){let cxBefore=this.ctx.caissonSubstitutions;"
  },
  holding("a compound command may be redirected", "$n", "e,t,n,r", "e,t,n,r", "t"),
  holding("a function may be redirected", "pc", 'e,t,n,r="",s,i=!1', "e,t,n,r,s,i", "t.redirections"),
  holding("pipelines take output", "b3", "e,t,n", "e,t,n", "t.commands.length>1||t.timed"),
  holding("substitutions take output", "_l", "e,t", "e,t", "!0"),
  holding("completions take output", "Yd", "e,t", "e,t", "!0"),
  {
    why: "a command has a path although there is no file",
    find: 'if(!await e.fs.exists(o))return{error:"not_found",path:o};',
    replace:
      'let cx=e.commands.get(o.slice(o.lastIndexOf("/")+1));if(cx&&bc(o,cx.name))return{cmd:cx,path:o};' +
      'if(!await e.fs.exists(o))return{error:"not_found",path:o};'
  },
  {
    why: "a command that was found before is found without looking for a file",
    find: "let o=e.state.hashTable.get(t);if(o){try{",
    replace: "let o=e.state.hashTable.get(t);if(o){let cx=e.commands.get(t);if(cx&&bc(o,t))return{cmd:cx,path:o};try{"
  },
  {
    why: "a command is found without a file",
    find: "if(await e.fs.exists(l))try{let c=await e.fs.stat(l);if(c.isDirectory)continue;",
    replace:
      "let cx=e.commands.get(t);if(cx&&bc(l,t))return{cmd:cx,path:l};" +
      "if(await e.fs.exists(l))try{let c=await e.fs.stat(l);if(c.isDirectory)continue;"
  },
  {
    why: "which finds commands that have no file",
    find: "await t.fs.exists(p)&&(f=!0",
    replace: "(bc(p,u)&&t.getRegisteredCommands().includes(u)||await t.fs.exists(p))&&(f=!0"
  },
  {
    why: "a redirection that fails fails a command, and says why",
    find: 'if(!s)throw a;return{error:Q("",`bash: ${t}: cannot open redirect target\n`,1)}',
    replace: 'return{error:Q("",`bash: ${t}: ${caissonPort.reason(a)}\n`,1)}'
  },
  {
    why: "output that cannot be written is an error of its command",
    find: "A.append?await e.fs.appendFile(A.path,O,R):await e.fs.writeFile(A.path,O,R)};",
    replace:
      "try{A.append?await e.fs.appendFile(A.path,O,R):await e.fs.writeFile(A.path,O,R)}" +
      'catch(cx){S+=`bash: ${o}: write error: ${caissonPort.reason(cx)}\n`,u=1,m.kind==="live-stderr"&&(c=S)}};'
  },
  {
    why: "an error of a file is one of its command, not of the script",
    find: "throw await Ad(this.ctx,s).catch(()=>{}),a}",
    replace:
      "await Ad(this.ctx,s).catch(()=>{});let cx=caissonPort.failure(a);if(cx===void 0)throw a;return K(`bash: ${cx}\n`,1)}"
  },
  {
    why: "errors of files are put as people know them",
    find: "function ht(e){return e instanceof Error?e.message:String(e)}",
    replace: "function ht(e){return caissonPort.message(e)}"
  },
  {
    why: "an error of a file that a command does not expect names the file",
    find: "K(`${t}: ${Ye(ht(S))}\n`)",
    replace: "K(`${t}: ${caissonPort.failure(S)??Ye(ht(S))}\n`)"
  },
  {
    why: "touch says why it failed",
    find: "touch: cannot touch '${l}': ${ht(c)}",
    replace: "touch: cannot touch '${l}': ${caissonPort.reason(c)}"
  },
  {
    why: "rmdir says why it failed",
    find: 'catch(s){let i=ht(s);return{stdout:"",stderr:`rmdir: failed',
    replace: 'catch(s){let i=caissonPort.reason(s);return{stdout:"",stderr:`rmdir: failed'
  },
  {
    why: "texts are measured by built-ins",
    find: "function _(e){let t=0;",
    replace: "function _(e){if(e.length>32)return caissonPort.utf8Bytes(e);let t=0;"
  },
  {
    why: "bytes are decoded by built-ins",
    find:
      "let r=!1;for(let i=0;i<n.length;i++){let o=n.charCodeAt(i);if(o>255)return n;o>127&&(r=!0)}if(!r)return n;" +
      "let s=new Uint8Array(n.length);for(let i=0;i<n.length;i++)s[i]=n.charCodeAt(i);try{return Z3.decode(s)}catch{return n}}" +
      "function Dn",
    replace: "return caissonPort.decode(n)}function Dn"
  },
  {
    why: "texts are encoded by built-ins",
    find: 'let n=K3.encode(e),r="";for(let s=0;s<n.length;s++)r+=String.fromCharCode(n[s]);return r}function Q3',
    replace: "return caissonPort.encode(e)}function Q3"
  },
  {
    why: "bytes become a text by built-ins",
    find: 'let n="";for(let r=0;r<e.length;r++)n+=String.fromCharCode(e[r]);return n}async function Wt',
    replace: "return caissonPort.latin1(e)}async function Wt"
  },
  {
    why: "gzip needs no Buffer",
    find: 'function fl(e){return Buffer.from(e).toString("latin1")}',
    replace: "function fl(e){return caissonPort.latin1(e)}"
  },
  {
    why: "what a command was lent is freed with it: the engine does not find cycles through weak maps",
    find: "AbortController:void 0,s=new WeakMap,i=()=>{",
    replace: "AbortController:void 0,s=new Map,i=()=>{"
  },
  {
    why: 'words of a command\'s name are split, and "$@" may be a whole command',
    find: "let u=await _e(this.ctx,t.name),f=[],d=[],",
    replace:
      'let cx=t.name.parts.every(N=>N.type==="Literal")?void 0:(await dr(this.ctx,t.name)).values,' +
      'u=cx===void 0?await _e(this.ctx,t.name):cx[0]??"",f=[],d=[],'
  },
  {
    why: "what follows the first word of a command's name are its arguments",
    find: 'if(Fp(t.name,["local","declare","typeset","export","readonly"])&&(u==="local"',
    replace:
      "if(cx!==void 0)for(let N of cx.slice(1))p(N,!0);" +
      'if(Fp(t.name,["local","declare","typeset","export","readonly"])&&(u==="local"'
  },
  {
    why: "a name that comes to no word leaves its place to the first argument",
    find: "let m=t.name.parts.every(N=>",
    replace: "let m=cx?.length===0||t.name.parts.every(N=>"
  },
  {
    why: "for without words takes the positional parameters as they are",
    find: 'i=(e.state.env.get("@")||"").split(" ").filter(Boolean)',
    replace: 'i=Array.from({length:Number(e.state.env.get("#")||0)},(o,a)=>e.state.env.get(String(a+1))??"")'
  },
  {
    why: "elements of an array that is declared are words",
    find:
      'else{(S.type==="SingleQuoted"||S.type==="DoubleQuoted"||S.type==="Escaped")&&(d=!0),p=!1;' +
      'let E=await _e(e,{type:"Word",parts:[S]});h(E)}',
    replace:
      'else if(/=$/.test(c)||S.type==="Escaped"){S.type!=="ParameterExpansion"&&(d=!0),p=!1;h(await _e(e,{type:"Word",parts:[S]}))}' +
      'else{let cq=S.type==="SingleQuoted"||S.type==="DoubleQuoted",cv=(await dr(e,{type:"Word",parts:[S]})).values;' +
      "for(let ix=0;ix<cv.length;ix++){if(ix>0)g();if(cq)d=!0;p=!1;h(cv[ix])}}"
  },
  {
    why: "a command that is not there is not found, whatever the reason",
    find:
      "n4(t)?K(`bash: ${t}: command not available in browser environments. " +
      "Exclude '${t}' from your commands or use the Node.js bundle.\n`,127):",
    replace: ""
  },
  {
    why: "a function that calls itself too deep says so in words of the shell",
    find: 'exceeded, increase executionLimits.maxCallDepth`,"recursion"',
    replace: 'exceeded`,"recursion"'
  },
  {
    why: "substitutions of commands are counted",
    find: 'case"CommandSubstitution":{let s=B7(t.body);',
    replace: 'case"CommandSubstitution":{e.caissonSubstitutions=(e.caissonSubstitutions??0)+1;let s=B7(t.body);'
  },
  {
    why: "an assignment succeeds if it runs no command",
    find: 'this.ctx.state.expansionStderr="",Q("",N,this.ctx.state.lastExitCode)}',
    replace:
      'this.ctx.state.expansionStderr="",Q("",N,' +
      "this.ctx.caissonSubstitutions===cxBefore?0:this.ctx.state.lastExitCode)}"
  },
  {
    why: "a command without words succeeds if it runs no other",
    find: '(g.finish(),Q("","",this.ctx.state.lastExitCode))',
    replace: '(g.finish(),Q("","",this.ctx.caissonSubstitutions===cxBefore?0:this.ctx.state.lastExitCode))'
  },
  {
    why: "what a command runs has what is exported",
    find: "exec:(S,E)=>i.execFn(S,E,!1)",
    replace: "exec:(S,E)=>i.execFn(S,E?.replaceEnv?E:{...E,env:{...h,...E?.env}},!1)"
  },
  {
    why: "what a shell is given is exported in it",
    find: "hashTable:this.state.hashTable,groupStdin:XO(",
    replace:
      "hashTable:this.state.hashTable,exportedVars:new Set([...(u.replaceEnv?[]:this.state.exportedVars??[])," +
      "...Object.keys(u.env??{}).filter(cx=>/^[a-zA-Z_]\\w*$/.test(cx))]),groupStdin:XO("
  },
  {
    why: "env shows what is exported",
    find: "o=new Map(t.env);for(let l of r)o.delete(l)",
    replace: "o=new Map(Object.entries(t.exportedEnv));for(let l of r)o.delete(l)"
  },
  {
    why: "printenv shows what is exported",
    find: "let i=[];for(let[o,a]of t.env)i.push(`${o}=${a}`);",
    replace: "let i=[];for(let[o,a]of Object.entries(t.exportedEnv))i.push(`${o}=${a}`);"
  },
  {
    why: "printenv shows of variables those that are exported",
    find: "let o=t.env.get(i);o!==void 0?r.push(o):s=1",
    replace: "let o=t.exportedEnv[i];o!==void 0?r.push(o):s=1"
  },
  {
    why: "a command in an expression knows functions and variables",
    find: "let i=await e.execFn(t.command,{signal:e.state.signal});i.stderr&&",
    replace: 'let i={stdout:await _l(e,t.command),stderr:""};i.stderr&&'
  },
  {
    why: "a command in a concatenation of an expression does, too",
    find: '(await e.execFn(t.command,{signal:e.state.signal})).stdout.trim():"0"',
    replace: '(await _l(e,t.command)).trim():"0"'
  },
  {
    why: "a command in the text of an expression does, too",
    find: "let u=await e.execFn(c,{signal:e.state.signal});i+=u",
    replace: 'let u={stdout:await _l(e,c),stderr:""};i+=u'
  },
  {
    why: "a command in backquotes in the text of an expression does, too",
    find: "let c=await e.execFn(l,{signal:e.state.signal});i+=c",
    replace: 'let c={stdout:await _l(e,l),stderr:""};i+=c'
  }
]
