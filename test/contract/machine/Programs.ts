/**
 * Sources for the behaviours of the suite, in the language of one implementation. They call the tool `ask`, whose answers the
 * suite makes up. What each must do:
 */
export interface Programs {
  /** Returns what `ask({ amount: 5, to: "eve" })` gives. */
  readonly relay: string
  /** Adds by `ask("add", 3, 4)`, then returns `ask("multiply", sum, 5)`. */
  readonly sequence: string
  /** Returns `Promise.all` of `ask("a")`, `ask("b")` and `ask("c")`. */
  readonly all: string
  /** As `all`, but a call that is rejected gives the text of its error instead. */
  readonly settled: string
  /** Returns the first of `ask("slow")` and `ask("fast")` to be answered. */
  readonly race: string
  /** As `race`, and then returns both the winner and what `ask("next")` gives. */
  readonly raceThenAsk: string
  /** Returns the first of `ask("slow")` and a sleep of 1 000 ms that then gives "late". */
  readonly timeout: string
  /** Returns the clock before and after a sleep of 5 000 ms. */
  readonly clock: string
  /** Asks for "a" without waiting for it, and returns 5. */
  readonly unawaited: string
  /** Prints "one", prints "two" to stderr, asks, prints "three" and returns 4. */
  readonly print: string
  /** Asks; returns `caught <name>: <message>` if that is rejected. */
  readonly catches: string
  /** Throws `new TypeError("bad thing")`. */
  readonly throws: string
  /** Keeps 41 in the session variable `kept`. */
  readonly remember: string
  /** Returns `kept` + 1. */
  readonly recall: string
  /** Adds one to the session variable `visits` (from 0), asks, and returns `[visits, answer]`. */
  readonly visit: string
  /** Two branches: each asks for its name ("a", "b"), notes the answer, asks for "next" and notes that; returns all notes. */
  readonly branches: string
  /** Asks within `try { } catch { return "swallowed" } finally { }` and returns what that gave. */
  readonly guarded: string
  /** Asks 50 times concurrently for 0…49 and returns the results. */
  readonly fifty: string
  /** Asks for 0…9, one after the other, and returns the sum. */
  readonly loop: string
  /** Returns three random numbers. */
  readonly random: string
  /** Prints "spinning" and burns CPU time for ever. */
  readonly spin: string
  /** Asks, prints "spinning" and burns CPU time for ever. */
  readonly askThenSpin: string
  /** Waits for something that can never happen. */
  readonly stall: string
}
