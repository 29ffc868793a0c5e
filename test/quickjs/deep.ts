/** A worker that tries what goes deep on guests with the limits by default, and posts what became of each attempt. */
import { parentPort } from "node:worker_threads"
import { defaults } from "../../src/machine/Limits.ts"
import { needsShell, Vm } from "../../src/quickjs/Vm.ts"

const attempts = [
  "(function f() { f() })()",
  "let deep = []; for (let i = 0; i < 2e5; i++) deep = [deep]; JSON.stringify(deep)",
  "let deep = []; for (let i = 0; i < 2e5; i++) deep = [deep]; deep",
  "let deep = []; for (let i = 0; i < 2e5; i++) deep = [deep]; ask(deep)",
  "let deep = []; for (let i = 0; i < 2e5; i++) deep = { deep }; console.log(deep); 1",
  "JSON.parse('['.repeat(2e5) + ']'.repeat(2e5))",
  "eval('('.repeat(2e5) + '1' + ')'.repeat(2e5))",
  "eval('[' .repeat(2e5))",
  "let p = ask(); for (let i = 0; i < 2e4; i++) p = p.then(() => {}); await Promise.race([p, 1])",
  "let e = new Error('x'); for (let i = 0; i < 1e5; i++) e = new Error('x', { cause: e }); console.log(e); throw e"
]

const attempt = async (source: string): Promise<string> => {
  const vm = await Vm.boot({ limits: defaults, seed: "deep", onOutput: () => {}, interrupted: () => false })
  const tools = [{ path: "ask", description: "", input: {}, output: {} }]
  const turn = vm.start({ ordinal: 1, language: "javascript", source, nowMillis: 0, tools })
  if (turn === needsShell) return "needs a shell"
  if (turn._tag === "Completed") return `value: ${turn.value.length}`
  if (turn._tag === "Parked") return "parked"
  return turn.fatal ? `fatal: ${turn.error.message}` : `error: ${turn.error.message}`
}

const results: Array<string> = []
for (const source of attempts) results.push(await attempt(source))
parentPort?.postMessage(results)
