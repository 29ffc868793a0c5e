/** A reference to a guest's value. */
export type Value = number

/** What the guest is told: nothing, that it is refused, or a text. Texts begin with what makes them none of the words. */
export type Reply = "accepted" | "refused" | "" | `=${string}` | `!${string}`

/** How a guest reaches its host while it runs. */
export interface Hooks {
  /** The guest's clock, milliseconds since the epoch. */
  readonly now: () => number
  /** Asked every now and then while guest code runs. */
  readonly mustStop: () => boolean
  /** The guest asks something of its host; `part(0)` is what, the others depend on it. */
  readonly ask: (part: (index: number) => string) => Reply
  /** Nobody handles the rejection of a promise, or somebody does now. The references are not the hook's to release. */
  readonly rejected: (promise: Value, reason: Value, handled: "handled" | "unhandled") => void
}

/** Hooks of nobody: time stands still, and what is asked for is taken down nowhere. */
export const still: Hooks = {
  now: () => 0,
  mustStop: () => false,
  ask: () => "accepted",
  rejected: () => {}
}

/** Hooks that never throw into the guest. Once one of them has thrown, the guest is refused everything and must stop. */
export class GuardedHooks implements Hooks {
  #hooks = still
  #fault: { readonly error: unknown } | undefined

  /** From now on the guest's hooks are these. */
  serve(hooks: Hooks): void {
    this.#hooks = hooks
  }

  /** What a hook threw, if one did. */
  get fault(): { readonly error: unknown } | undefined {
    return this.#fault
  }

  readonly now = (): number => this.#guard(() => this.#hooks.now(), 0)

  readonly mustStop = (): boolean => this.#guard(() => this.#hooks.mustStop(), true)

  readonly ask: Hooks["ask"] = (part) => this.#guard<Reply>(() => this.#hooks.ask(part), "refused")

  readonly rejected: Hooks["rejected"] = (promise, reason, handled) =>
    this.#guard(() => this.#hooks.rejected(promise, reason, handled), undefined)

  /** What `body` gives, unless it throws or a hook has thrown before. */
  #guard<A>(body: () => A, otherwise: A): A {
    if (this.#fault !== undefined) return otherwise
    try {
      return body()
    } catch (error) {
      this.#fault = { error }
      return otherwise
    }
  }
}
