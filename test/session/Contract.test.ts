import * as QuickJs from "../../src/quickjs/QuickJs.ts"
import * as SessionContract from "../contract/SessionContract.ts"
import type { Programs } from "../contract/session/Programs.ts"

const call: Programs["call"] = (tool, amount) => `console.log(await ${tool}({ amount: ${amount} }))`

const programs: Programs = {
  language: "javascript",
  keep: (value) => `globalThis.kept = ${value}`,
  show: "console.log(kept)",
  print: (text) => `console.log("${text}")`,
  complain: (text) => `console.error("${text}")`,
  count: (lines) => `for (let line = 0; line < ${lines}; line++) console.log(line)`,
  nap: "await sleep(1)",
  call,
  attempt: (tool, amount) => `try { ${call(tool, amount)} } catch (error) { console.log("refused", error.message) }`,
  together: (tool, amounts) => `await Promise.all([${amounts}].map((amount) => ${tool}({ amount })))`,
  write: (path, text) => `await fs.writeFile("${path}", "${text}")`,
  read: (path) => `console.log(await fs.readFile("${path}", "utf8"))`,
  fail: 'throw new RangeError("no")',
  spin: "for (;;);"
}

SessionContract.suite("embedded", {
  tier: () => QuickJs.layer({ key: new Uint8Array(32).fill(1), threads: 1 }),
  programs,
  traits: {
    limits: {},
    brief: { cpuSliceMillis: 200, cpuRunMillis: 400 },
    isFailure: (result) => result._tag === "Failed" && result.error.name === "RangeError" && !result.rolledBack,
    remains: () => []
  }
})
