import { createHash } from "node:crypto"
import type { Limits } from "../machine/Limits.ts"
import type { Program } from "../machine/Machine.ts"
import type { BaseImage } from "./BaseImage.ts"
import type { Engine } from "./Engine.ts"
import type { Host } from "./Host.ts"
import { Kernel } from "./Kernel.ts"

const kibibyte = 1_024
const mebibyte = 1_048_576

/** What an engine may use. Of a base image that fills much of a heap by itself, only what is beyond it counts. */
export interface Room {
  readonly heapBytes: number
  readonly memoryBytes: number
  readonly stackBytes: number
}

/** The room of a guest's engine; `imageBytes` is what its base image has in its heap before there is a guest. */
export const roomOf = (limits: Limits, { snapshot }: BaseImage, imageBytes = 0): Room => {
  const heapBytes = limits.memoryMebibytes * mebibyte
  return {
    heapBytes: heapBytes + imageBytes,
    memoryBytes: Math.max(2 * heapBytes + imageBytes, snapshot.memory.length),
    stackBytes: limits.stackKibibytes * kibibyte
  }
}

/** One engine of a guest, with its kernel. Its host may have others. */
export class Instance {
  readonly base: BaseImage
  readonly engine: Engine
  readonly kernel: Kernel
  /** SHA-256 over the tools that it knows of; empty before it was told any. */
  tools: string

  constructor(base: BaseImage, engine: Engine, host: Host, tools = "") {
    this.base = base
    this.engine = engine
    this.kernel = new Kernel(engine, base)
    this.tools = tools
    engine.serve({
      now: () => host.now(),
      mustStop: () => host.mustStop(),
      ask: (part) => host.ask(part),
      rejected: (promise, reason, handled) => this.kernel.track(promise, reason, handled)
    })
  }

  limit({ heapBytes, stackBytes }: Room): void {
    this.engine.limit(heapBytes, stackBytes)
  }

  /** Says which tools there are, if it was not told these. */
  grant({ namespaces = [], tools }: Pick<Program, "namespaces" | "tools">): void {
    const known = JSON.stringify(
      tools.map(({ description, input, output, path }) => [
        path,
        JSON.stringify({ id: path, description, input, output })
      ])
    )
    const others = JSON.stringify(namespaces)
    const digest = createHash("sha256").update(known).update(others).digest("hex")
    if (digest === this.tools) return
    this.kernel.grant(known, others)
    this.tools = digest
  }
}
