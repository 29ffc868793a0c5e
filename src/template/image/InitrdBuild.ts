/** What a guest's kernel starts from: the agent, the modules that it loads, and places to mount things at. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import * as Cache from "../Cache.ts"
import * as Digest from "../Digest.ts"
import type { Kernel } from "../kernel/KernelBuild.ts"
import type { Agent } from "./AgentBuild.ts"
import * as Cpio from "./Cpio.ts"

const format = 1

export const Initrd = Schema.Struct({
  version: Schema.Literal(format),
  file: Schema.Struct({ name: Schema.String, digest: Digest.Digest })
})
export type Initrd = typeof Initrd.Type

const directories = ["dev", "proc", "sys", "run", "base", "upper", "root", "modules"]

const entries = (
  agent: Uint8Array,
  modules: ReadonlyArray<{ readonly name: string; readonly bytes: Uint8Array }>
): ReadonlyArray<Cpio.Entry> => [
  ...directories.map((path): Cpio.Entry => ({ _tag: "Directory", path })),
  { _tag: "File", path: "init", bytes: agent, isExecutable: true },
  ...modules.map(
    ({ bytes, name }): Cpio.Entry => ({ _tag: "File", path: `modules/${name}`, bytes, isExecutable: false })
  ),
  {
    _tag: "File",
    path: "modules/order",
    bytes: Buffer.from(modules.map(({ name }) => `${name}\n`).join("")),
    isExecutable: false
  }
]

/** Packs an agent and the modules of a kernel. */
export const obtain = Effect.fn("InitrdBuild.obtain")(function* (kernel: Cache.Made<Kernel>, agent: Cache.Made<Agent>) {
  const files = yield* FileSystem.FileSystem
  const make = Effect.fnUntraced(function* (directory: string) {
    const modules = yield* Effect.forEach(kernel.manifest.modules, (name) =>
      Effect.map(files.readFile(`${kernel.directory}/${name}`), (bytes) => ({ name, bytes }))
    )
    const program = yield* files.readFile(`${agent.directory}/${agent.manifest.file.name}`)
    const bytes = Cpio.archive(entries(program, modules))
    yield* files.writeFile(`${directory}/initrd`, bytes)
    return { version: format, file: { name: "initrd", digest: Digest.ofBytes(bytes) } } satisfies Initrd
  })
  const { image, modules, packageVersion } = kernel.manifest
  return yield* Cache.obtain({
    step: "initrd",
    key: Digest.ofValue({ format, kernel: [image.digest, packageVersion, modules], agent: agent.manifest.file.digest }),
    manifest: Initrd,
    make
  })
})
