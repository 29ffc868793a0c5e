/** A second terminal: it runs the real command as a process of its own, and shows what somebody would see there. */
import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { extname } from "node:path"
import { fileURLToPath } from "node:url"
import { colour, cut, tell } from "./timeline.ts"

const entry = import.meta.resolve("caisson")
const command = fileURLToPath(new URL(`cli/bin${extname(entry)}`, entry))

/** Types a command, which has to end with an exit code, and gives what it printed. */
export type Terminal = (exitCode: number, ...words: ReadonlyArray<string>) => Promise<string>

const spell = (word: string): string => (/^[\w./:-]+$/.test(word) ? word : `'${word}'`)

/** A terminal in a working directory, in which CAISSON_HOME is set. */
export const openTerminal =
  (home: string, cwd: string): Terminal =>
  (exitCode, ...words) =>
    new Promise((resolve, reject) => {
      const begin = performance.now()
      const options = { cwd, env: { ...process.env, CAISSON_HOME: home } }
      const child = execFile(process.execPath, [...process.execArgv, command, ...words], options, (_, out, notes) => {
        const took = `exit code ${child.exitCode} after ${Math.round(performance.now() - begin)} ms`
        const lines = `${out}${notes}`.trimEnd().split("\n").map(cut)
        tell("terminal", colour("bold", `$ caisson ${words.map(spell).join(" ")}`), ...lines, colour("gray", took))
        try {
          assert.equal(child.exitCode, exitCode, `caisson ${words[0]} ended with an unexpected exit code`)
          resolve(out)
        } catch (error) {
          reject(error)
        }
      })
    })
