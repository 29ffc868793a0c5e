/** What images are made of: scripts, in the order in which they need each other, and the functions that they leave for the host. */
import type { Recipe, Step } from "./Boot.ts"

/** A file that comes along: also from the modules of the command, which lie in another folder of the same build. */
export const inFolder = (name: string): URL => new URL(`../quickjs/${name}`, import.meta.url)

const steps = (folder: string, names: ReadonlyArray<string>): ReadonlyArray<Step> =>
  names.map((name) => ({ _tag: "Script", name, file: inFolder(`${folder}/${name}.js`) }))

const functions = [
  "answer",
  "begin",
  "fail",
  "finish",
  "grant",
  "granted",
  "rest",
  "seed",
  "sweep",
  "track",
  "watch"
] as const

export type KernelFunction = (typeof functions)[number]

const shellFunctions = ["abort", "shell", "waits"] as const

/** What only a shell has. */
export type ShellFunction = (typeof shellFunctions)[number]

export const base: Recipe<KernelFunction> = {
  steps: [
    ...steps("boot", ["intrinsics", "reader", "writer", "promises", "text", "inspect", "table", "console", "run"]),
    ...steps("boot", ["random", "timers", "tools", "files", "shell", "kernel"])
  ],
  functions,
  memoryBytesMax: 16 * 1_048_576
}

/** Of a shell, with just-bash as one script. */
export const shell = (bash: string): Recipe<KernelFunction | ShellFunction> => ({
  steps: [
    ...base.steps,
    ...steps("shell", ["web"]),
    { _tag: "Value", name: "bash", code: bash },
    ...steps("shell", ["tree", "state", "schema", "flags", "tool", "cmp", "diff", "digest", "mktemp", "tar", "xargs"]),
    ...steps("shell", ["terminal", "kernel"])
  ],
  functions: [...functions, ...shellFunctions],
  memoryBytesMax: 64 * 1_048_576
})
