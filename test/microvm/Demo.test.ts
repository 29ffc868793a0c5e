/** `npm run demo:vm`, on a host that has such machines and on one that has not. */
import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { root } from "../repository.ts"
import { lacking } from "./machines.ts"

const directory = mkdtempSync(join(tmpdir(), "caisson-demo-test-"))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const demo = (environment: Readonly<Record<string, string>> = {}) =>
  new Promise<{ readonly code: number | null; readonly printed: string; readonly said: string }>((resolve) => {
    const words = ["--disable-warning=ExperimentalWarning", "--conditions=source"]
    const program = [join(root, "docs/examples/analysis/demo.ts"), directory]
    const options = { cwd: tmpdir(), env: { ...process.env, ...environment } }
    const child = execFile(process.execPath, [...words, ...program], options, (_, printed, said) =>
      resolve({ code: child.exitCode, printed, said })
    )
  })

const isPicture = (name: string): boolean =>
  readFileSync(join(directory, name)).subarray(0, 8).toString("latin1") === "\u0089PNG\r\n\u001a\n"

describe("the demo of microVMs", () => {
  it(
    "says on a host without an image what is missing and what mends it, and ends with 69",
    {
      timeout: 60_000
    },
    async () => {
      const { code, said } = await demo({ CAISSON_CACHE: directory })
      assert.strictEqual(code, 69)
      assert.include(said, "npm run microvm:setup")
      assert.include(said, "template build python-data-analysis")
    }
  )
})

describe("the demo of microVMs, with its image", () => {
  // A template that is prepared for the first time takes minutes in software.
  it(
    "goes on after a real kill in the middle of an expression, in another process",
    {
      timeout: 900_000
    },
    async ({ skip }) => {
      const why = await lacking("python-data-analysis")
      skip(why !== undefined, why)
      const { code, printed, said } = await demo()
      assert.strictEqual(code, 0, `${printed}${said}`)
      assert.match(printed, /process \d+ +was killed: SIGKILL/)
      assert.include(printed, "'campaign': 'EAST-2026-11'")
      assert.include(printed, "campaign: 'none (not this quarter)'")
      assert.include(printed, "one campaign was started, once")
      assert.isTrue(isPicture("revenue.png"))
      assert.isTrue(isPicture("revenue-if-not.png"))
      const pictures = ["revenue.png", "revenue-if-not.png"].map((name) => readFileSync(join(directory, name)))
      assert.notDeepEqual(pictures[0], pictures[1])
    }
  )
})
