/**
 * One instance of QuickJS in WebAssembly: its memory, references to its values, calls and jobs. Whatever has to know
 * quickjs-wasi from the inside is here.
 *
 * E1. Strings and numbers cross, and nothing else: no value of a guest is walked from outside.
 * E2. An error that an operation throws has cut through native frames. The instance must not be used after that, nor when it
 *     is not `isAtRest` after an operation.
 */
import { CompileFlags, EvalFlags, Intrinsics, QuickJS, type QuickJSOptions, type Snapshot } from "quickjs-wasi"
import { changedPages, deltaPageBytes } from "./Delta.ts"
import { GuardedHooks, type Hooks, still, type Value } from "./Hooks.ts"
import { type EngineModule, pageBytes } from "./Wasm.ts"

export interface EngineOptions {
  readonly module: EngineModule
  readonly stackBytes: number
}

/** References that an instance keeps for good, and so does every instance that is restored from it. */
export interface Fixtures {
  readonly undefined: Value
  readonly true: Value
  /** The function by which the guest asks, with strings. It gives `true` if that is refused, or else a string or nothing. */
  readonly ask: Value
  /** Memory for the references of a call's arguments. */
  readonly arguments: number
}

/** What an instance is made of. */
export interface Image {
  readonly snapshot: Snapshot
  readonly fixtures: Fixtures
}

type Exports = ReturnType<QuickJS["_getExports"]>

/** The engine could not allocate what the host needed. */
export class OutOfMemory extends Error {
  override readonly name = "OutOfMemory"
}

const hostFunction = "caisson"
const argumentsMax = 8

/** The last millisecond that the engine's clock can express. */
const clockMax = 18_446_744_073_709

const wasi =
  ({ now }: GuardedHooks): NonNullable<QuickJSOptions["wasi"]> =>
  (memory) => ({
    clock_time_get(_clock: number, _precision: bigint, at: number) {
      const millis = Math.min(Math.max(Math.trunc(now()), 0), clockMax)
      new DataView(memory.buffer).setBigUint64(at, BigInt(millis) * 1_000_000n, true)
      return 0
    },
    random_get(at: number, length: number) {
      new Uint8Array(memory.buffer, at, length).fill(0)
      return 0
    },
    fd_write(_file: number, pieces: number, count: number, written: number) {
      const view = new DataView(memory.buffer)
      let length = 0
      for (let index = 0; index < count; index++) length += view.getUint32(pieces + 8 * index + 4, true)
      view.setUint32(written, length, true)
      return 0
    }
  })

const allocated = (address: number): number => {
  if (address === 0) throw new OutOfMemory("the engine has no memory left")
  return address
}

export class Engine {
  readonly #vm: QuickJS
  readonly #exports: Exports
  readonly #hooks: GuardedHooks
  readonly #restingStack: number
  readonly fixtures: Fixtures
  #memory = Buffer.alloc(0)

  private constructor(vm: QuickJS, hooks: GuardedHooks, fixtures?: Fixtures) {
    this.#vm = vm
    this.#exports = vm._getExports()
    this.#hooks = hooks
    this.#restingStack = this.#exports.__stack_pointer.value
    this.fixtures = fixtures ?? this.#makeFixtures()
    this.#listen()
  }

  /** A new instance with the globals of the language. */
  static create(options: EngineOptions): Promise<Engine> {
    const intrinsics = Intrinsics.ALL & ~Intrinsics.WEAK_REF
    return Engine.#open(options, (settings) => QuickJS.create({ ...settings, intrinsics }))
  }

  /** An instance that goes on as the one of the image did. The image must fit the module's memory. */
  static async restore({ fixtures, snapshot }: Image, options: EngineOptions): Promise<Engine> {
    const { memory, stackPointer } = snapshot
    const engine = await Engine.#open(
      options,
      (settings) => QuickJS.restore({ ...snapshot, memory: memory.subarray(0, 0) }, settings),
      fixtures
    )
    engine.grow(memory.length)
    // The dead stack is zeros in both.
    engine.#become(memory, stackPointer)
    return engine
  }

  static async #open(
    { module, stackBytes }: EngineOptions,
    start: (settings: QuickJSOptions) => Promise<QuickJS>,
    fixtures?: Fixtures
  ): Promise<Engine> {
    const guarded = new GuardedHooks()
    const vm = await start({
      wasm: module,
      wasi: wasi(guarded),
      maxStackSize: stackBytes,
      timezoneOffset: 0,
      interruptHandler: guarded.mustStop,
      onUnhandledRejection: (promise, reason, isHandled) =>
        guarded.rejected(promise.ptr, reason.ptr, isHandled ? "handled" : "unhandled")
    })
    return new Engine(vm, guarded, fixtures)
  }

  /** Until it is told otherwise, it has the hooks of nobody. */
  serve(hooks: Hooks): void {
    this.#hooks.serve(hooks)
  }

  /** What a hook threw, if one did. */
  get fault(): GuardedHooks["fault"] {
    return this.#hooks.fault
  }

  /** Whether no native frame has been left behind. */
  get isAtRest(): boolean {
    return this.#exports.__stack_pointer.value === this.#restingStack
  }

  /** The linear memory. The view is void once the memory has grown. */
  get memory(): Buffer {
    const { buffer } = this.#exports.memory
    if (this.#memory.buffer !== buffer) this.#memory = Buffer.from(buffer)
    return this.#memory
  }

  /** What restores this instance. Its memory is a view. */
  get image(): Image {
    const snapshot = {
      memory: this.memory,
      stackPointer: this.#restingStack,
      runtimePtr: this.#exports.qjs_get_runtime_ptr(),
      contextPtr: this.#exports.qjs_get_context_ptr(),
      extensions: []
    }
    return { snapshot, fixtures: this.fixtures }
  }

  /** Lets the linear memory have a size that it has not exceeded. */
  grow(memoryBytes: number): void {
    this.#exports.memory.grow((memoryBytes - this.memory.length) / pageBytes)
  }

  /**
   * Makes it as the image has it, as if no guest had ever been in it. Gives false, and leaves it as it is, where it cannot: a
   * memory that has grown does not shrink, and what was cut through is not trusted any more.
   *
   * What changes of an instance is its memory and its globals, of which this module has its stack's pointer alone; its table is
   * never written. To restore an image sets no more than these.
   */
  renew({ snapshot }: Image): boolean {
    if (!this.isAtRest || this.fault !== undefined || this.memory.length !== snapshot.memory.length) return false
    this.serve(still)
    this.#become(snapshot.memory, 0)
    return true
  }

  /** Makes the memory another one, from a place in it on. Pages that are the same are not written: if they never were, no process has them. */
  #become(memory: Uint8Array, from: number): void {
    for (const page of changedPages(this.memory, memory, from)) {
      const start = page * deltaPageBytes
      this.memory.set(memory.subarray(start, start + deltaPageBytes), start)
    }
  }

  limit(heapBytes: number, stackBytes: number): void {
    this.#exports.qjs_set_memory_limit(heapBytes)
    this.#exports.qjs_set_max_stack_size(stackBytes)
  }

  string(text: string): Value {
    const { len, ptr } = this.#write(text)
    const value = this.#exports.qjs_new_string(ptr, len)
    this.#exports.wasm_free(ptr)
    if (!this.isException(allocated(value))) return value
    this.release(value)
    this.release(this.takeException())
    throw new OutOfMemory("the guest's heap is full")
  }

  number(number: number): Value {
    return allocated(this.#exports.qjs_new_number(number))
  }

  /** The text of a string; empty for any other value. Lone surrogates become replacement characters. */
  text(value: Value): string {
    if (value === 0 || this.#exports.qjs_is_string(value) === 0) return ""
    const { arguments: at } = this.fixtures
    const start = allocated(this.#exports.qjs_get_string_len(value, at))
    const memory = this.memory
    const text = memory.toString("utf8", start, start + memory.readUInt32LE(at))
    this.#exports.qjs_free_cstring(start)
    return text
  }

  release(value: Value): void {
    this.#exports.qjs_free_value(value)
  }

  /** A strict script as bytecode, without its source. It runs in any instance of this very engine. */
  compile(code: string, fileName: string, positions: "kept" | "stripped" = "kept"): Uint8Array {
    const debug = positions === "kept" ? 0 : CompileFlags.STRIP_DEBUG
    return this.#vm.compile(code, fileName, EvalFlags.STRICT, CompileFlags.STRIP_SOURCE | debug)
  }

  /** The value of a compiled script. */
  evaluate(bytecode: Uint8Array): Value {
    return this.#vm.evalBytecode(bytecode).ptr
  }

  /** Starts a program with top-level `await`: a promise of its completion, or an exception. */
  start(code: string, fileName: string): Value {
    const source = this.#write(code)
    const file = this.#write(fileName)
    const value = this.#exports.qjs_eval(source.ptr, source.len, file.ptr, EvalFlags.ASYNC)
    this.#exports.wasm_free(source.ptr)
    this.#exports.wasm_free(file.ptr)
    return allocated(value)
  }

  /** Calls a function: its value, or an exception. */
  call(callee: Value, ...values: ReadonlyArray<Value>): Value {
    const { arguments: at, undefined: self } = this.fixtures
    if (values.length > argumentsMax) throw new RangeError(`a call has at most ${argumentsMax} arguments`)
    const memory = this.memory
    for (const [index, value] of values.entries()) memory.writeUInt32LE(value, at + 4 * index)
    return allocated(this.#exports.qjs_call(callee, self, values.length, at))
  }

  /** Runs the next job, if there is one. */
  runJob(): "ran" | "threw" | "none" {
    if (this.#exports.qjs_is_job_pending() === 0) return "none"
    return this.#exports.qjs_execute_pending_job() < 0 ? "threw" : "ran"
  }

  /** Frees what only itself refers to. */
  collect(): void {
    this.#exports.qjs_run_gc()
  }

  isException(value: Value): boolean {
    return this.#exports.qjs_is_exception(value) !== 0
  }

  /** Takes the value that was thrown. */
  takeException(): Value {
    return allocated(this.#exports.qjs_get_exception())
  }

  /** The message of an error of the engine itself, empty if it had no memory for one. Reading a guest's might run guest code. */
  messageOf(error: Value): string {
    const { ptr } = this.#write("message")
    const message = allocated(this.#exports.qjs_get_prop_string(error, ptr))
    this.#exports.wasm_free(ptr)
    if (this.isException(message)) this.takeException()
    return this.text(message)
  }

  dispose(): void {
    this.#vm.dispose()
  }

  #write(text: string): { readonly ptr: number; readonly len: number } {
    try {
      return this.#vm._writeString(text)
    } catch (cause) {
      throw new OutOfMemory("the engine has no memory left for a text", { cause })
    }
  }

  #makeFixtures(): Fixtures {
    return {
      undefined: this.#exports.qjs_get_undefined(),
      true: this.#exports.qjs_get_true(),
      ask: this.#vm.newFunction(hostFunction, () => this.#vm.undefined).ptr,
      arguments: allocated(this.#exports.wasm_malloc(4 * argumentsMax))
    }
  }

  /**
   * Takes the place of the library's own dispatch, which releases nothing that a callback makes: an answer would stay in the
   * guest's heap. The guest's frames lie below, so this must never throw.
   */
  #listen(): void {
    const { true: refused, undefined: accepted } = this.fixtures
    const dispatch = (_name: number, _nameBytes: number, _self: number, count: number, parts: number): Value => {
      const part = (index: number) => (index < count ? this.text(this.memory.readUInt32LE(parts + 4 * index)) : "")
      const reply = this.#hooks.ask(part)
      if (reply === "accepted") return this.#exports.qjs_dup_value(accepted)
      return (reply === "refused" ? 0 : this.#answer(reply)) || this.#exports.qjs_dup_value(refused)
    }
    Object.assign(this.#vm, { handleHostCall: dispatch })
  }

  /** A string for the guest, or 0 if there is no room for it. */
  #answer(text: string): Value {
    try {
      return this.string(text)
    } catch {
      return 0
    }
  }
}
