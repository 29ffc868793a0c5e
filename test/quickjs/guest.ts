import { assert } from "@effect/vitest"
import { defaults, type Limits } from "../../src/machine/Limits.ts"
import type { Program } from "../../src/machine/Machine.ts"
import type { Answer, Output, Turn } from "../../src/machine/Turn.ts"
import { needsShell, type Progress, Vm, type VmOptions } from "../../src/quickjs/Vm.ts"
import type { ToolInfo } from "../../src/tool/ToolInfo.ts"

export const epoch = 1_700_000_000_000

export const tool = (path: string): ToolInfo => ({
  path,
  description: `does ${path}`,
  input: { type: "object" },
  output: {}
})

/** The stack that every thread has room for, also that of a test runner. */
const limits = (overrides: Partial<Limits>): Limits => ({ ...defaults, stackKibibytes: 64, ...overrides })

export interface Options extends Partial<Omit<VmOptions, "limits">> {
  readonly limits?: Partial<Limits>
}

export const vmOptions = (options: Options): VmOptions => ({
  seed: "test",
  onOutput: () => {},
  interrupted: () => false,
  ...options,
  limits: limits(options.limits ?? {})
})

/** The turn of a guest that does not use its shell. */
export const turnOf = (progress: Progress): Turn => {
  if (progress === needsShell) throw new Error("the guest used its shell")
  return progress
}

/** A guest and the ordinal of its latest run. */
export class Guest {
  readonly vm: Vm
  #ordinal: number

  constructor(vm: Vm, ordinal = 0) {
    this.vm = vm
    this.#ordinal = ordinal
  }

  static async boot(options: Options = {}): Promise<Guest> {
    return new Guest(await Vm.boot(vmOptions(options)))
  }

  start(source: string, program: Partial<Program> = {}): Turn {
    this.#ordinal += 1
    const tools = [tool("ask"), tool("bank.accounts.list"), tool("bank.transfer")]
    return turnOf(
      this.vm.start({
        ordinal: this.#ordinal,
        language: "javascript",
        nowMillis: epoch,
        source,
        tools,
        ...program
      })
    )
  }

  answer(...answers: ReadonlyArray<Answer>): Turn {
    return turnOf(this.vm.answer(answers, epoch))
  }

  /** A copy that was written down and read again. */
  async copy(options: Options = {}): Promise<Guest> {
    return new Guest(await Vm.restore(this.vm.pack(), vmOptions(options)), this.#ordinal)
  }

  /** The value of a run that does not wait. */
  value(source: string): unknown {
    return valueOf(this.start(source))
  }

  /** The error of a run that fails and leaves the guest as it is. */
  error(source: string): Failed["error"] {
    const { error, fatal } = failed(this.start(source))
    assert.isFalse(fatal, error.message)
    return error
  }

  /** What a run printed. */
  output(source: string): string {
    return textOf(this.start(source).output)
  }
}

export type Parked = Extract<Turn, { readonly _tag: "Parked" }>
export type Failed = Extract<Turn, { readonly _tag: "Failed" }>
export type Completed = Extract<Turn, { readonly _tag: "Completed" }>

const is = <Tag extends Turn["_tag"]>(turn: Turn, tag: Tag): Extract<Turn, { readonly _tag: Tag }> => {
  assert.strictEqual(turn._tag, tag, JSON.stringify(turn))
  return turn as Extract<Turn, { readonly _tag: Tag }>
}

export const parked = (turn: Turn): Parked => is(turn, "Parked")
export const failed = (turn: Turn): Failed => is(turn, "Failed")
export const completed = (turn: Turn): Completed => is(turn, "Completed")
export const valueOf = (turn: Turn): unknown => JSON.parse(completed(turn).value)
export const fatalReason = (turn: Turn): string | undefined => {
  const { error, fatal } = failed(turn)
  assert.isTrue(fatal, error.message)
  return error.reason
}
export const textOf = (output: ReadonlyArray<Output>): string => output.map(({ text }) => text).join("")

export const give = (id: string, value: unknown): Answer => ({
  id,
  outcome: { _tag: "Succeeded", value: JSON.stringify(value) }
})
export const deny = (id: string, message: string, reason = "NoCapability"): Answer => ({
  id,
  outcome: { _tag: "Rejected", error: { name: "CapabilityError", message, reason } }
})
export const wake = (id: string): Answer => ({ id })

export const ids = (turn: Turn): ReadonlyArray<string> => parked(turn).calls.map(({ id }) => id)

/** A turn without what it cost, which is never the same twice. */
export const plain = ({ usage: _, ...turn }: Turn) => turn
