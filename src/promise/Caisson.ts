import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type * as Scope from "effect/Scope"
import * as Home from "../home/Home.ts"
import * as HeldSandbox from "../sandbox/Sandbox.ts"
import { Journal, type Summary } from "../session/journal/Journal.ts"
import type { OpenOptions, ResumeOptions } from "../session/SessionOptions.ts"
import { Sessions } from "../session/Sessions.ts"
import * as Approvals from "./Approvals.ts"
import { type GrantOptions, toGrants } from "./Grants.ts"
import { Lease, type Runtime, type SignalOptions } from "./Lease.ts"
import { ReleasedError } from "./ReleasedError.ts"
import type { RunResult } from "./RunResult.ts"
import * as Sandbox from "./Sandbox.ts"
import * as Session from "./Session.ts"

type ForGuests<Options> = Omit<Options, "toolkit" | "capabilities"> & GrantOptions & SignalOptions

/** Where sessions are kept, and how many machines may live. Without a directory they end with the process. */
export type CaissonOptions = Omit<Home.HomeOptions, "directory"> & { readonly directory?: string | undefined }

/** Everything is optional: without tools and capabilities a guest can compute and print, nothing else. */
export type SessionOptions = ForGuests<Omit<OpenOptions, "firstRun">>

export type ResumeSessionOptions = ForGuests<ResumeOptions>

export type SandboxOptions = ForGuests<HeldSandbox.SandboxOptions>

export type RunOnceOptions = SandboxOptions & Sandbox.RunOptions

export interface ListOptions extends SignalOptions {
  /** Default 100. */
  readonly limit?: number | undefined
  readonly offset?: number | undefined
}

/**
 * Sandboxes and sessions for async code.
 *
 * Promises are rejected with typed errors: `error._tag` says of what kind one is, and `error.reason` why it came to that. What a
 * guest does wrong is a result, not a rejection.
 *
 * ```ts
 * await using caisson = await Caisson.open({ directory: ".caisson" })
 * await using session = await caisson.session({ tools: [charge], capabilities: [{ methods: "stripe/**", mode: "ask" }] })
 * const result = await session.run("await stripe.charges.create({ amount: 5 })")
 * ```
 */
export class Caisson implements AsyncDisposable {
  readonly #runtime: Runtime
  readonly #leases = new Set<Lease>()
  readonly #lease: Lease
  #ending: Promise<void> | undefined

  private constructor(runtime: Runtime) {
    this.#runtime = runtime
    this.#lease = this.#lend("caisson")
  }

  /** Opens a home, or creates it. Rejected with a `HomeError` if its directory cannot be used. */
  static async open({ directory, ...options }: CaissonOptions = {}): Promise<Caisson> {
    const layer = directory === undefined ? Home.layerMemory(options) : Home.layer({ ...options, directory })
    const caisson = new Caisson(ManagedRuntime.make(layer))
    try {
      await caisson.#lease.run(Effect.void)
      return caisson
    } catch (error) {
      await caisson.release()
      throw error
    }
  }

  /** Opens a new session and holds it until it is released. */
  session(options: SessionOptions = {}): Promise<Session.Session> {
    const held = Effect.flatMap(toGrants(options), (grants) =>
      Sessions.use((sessions) => sessions.open({ ...options, ...grants }))
    )
    return this.#hold("the session", Effect.all({ held, journal: Journal }), Session.make, options)
  }

  /** Continues an existing session and holds it until it is released. Its tools have to be given again. */
  resume(id: string, options: ResumeSessionOptions = {}): Promise<Session.Session> {
    const held = Effect.flatMap(toGrants(options), (grants) =>
      Sessions.use((sessions) => sessions.resume(id, { ...options, ...grants }))
    )
    return this.#hold(`session ${id}`, Effect.all({ held, journal: Journal }), Session.make, options)
  }

  /** A guest that is forgotten when it is released. */
  sandbox(options: SandboxOptions = {}): Promise<Sandbox.Sandbox> {
    return this.#sandbox(options, undefined)
  }

  #sandbox(options: SandboxOptions, firstRun: OpenOptions["firstRun"]): Promise<Sandbox.Sandbox> {
    const held = Effect.flatMap(toGrants(options), (grants) => HeldSandbox.open({ ...options, ...grants, firstRun }))
    return this.#hold("the sandbox", held, Sandbox.make, options)
  }

  /** Runs one piece of code in a sandbox of its own. A token is one for this run. */
  async runOnce(code: string, options: RunOnceOptions = {}): Promise<RunResult> {
    const { language, runId, token } = options
    await using sandbox = await this.#sandbox({ ...options, token: undefined }, { code, language, runId, token })
    return await sandbox.run(code, options)
  }

  /** The sessions of this home, newest first, whoever holds them. */
  sessions({ limit = 100, offset = 0, signal }: ListOptions = {}): Promise<ReadonlyArray<Summary>> {
    return this.#lease.run(
      Sessions.use((sessions) => sessions.list({ limit, offset })),
      { signal }
    )
  }

  /** What waits for a person in the sessions of this home, and the decisions on it. */
  get approvals(): Approvals.Approvals {
    return Approvals.make(this.#lease)
  }

  /** Releases every session and sandbox, and ends the machines. Runs in progress can be resumed later. */
  release(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }

  async #end(): Promise<void> {
    await Promise.all(Array.from(this.#leases, (lease) => lease.release()))
    await this.#runtime.dispose()
  }

  #lend(what: string): Lease {
    const lease: Lease = new Lease(this.#runtime, what, () => this.#leases.delete(lease))
    this.#leases.add(lease)
    return lease
  }

  async #hold<Held, Handle, E>(
    what: string,
    acquire: Effect.Effect<Held, E, Home.Home | Scope.Scope>,
    make: (lease: Lease, held: Held) => Handle,
    options: SignalOptions
  ): Promise<Handle> {
    if (this.#ending !== undefined) throw new ReleasedError({ what: "caisson" })
    const lease = this.#lend(what)
    try {
      return make(lease, await lease.run(acquire, options))
    } catch (error) {
      await lease.release()
      throw error
    }
  }
}

/** Runs one piece of code in a sandbox of its own, with everything that this needs and for as long as it takes. */
export const runOnce = async (code: string, options: RunOnceOptions = {}): Promise<RunResult> => {
  await using caisson = await Caisson.open()
  return await caisson.runOnce(code, options)
}
