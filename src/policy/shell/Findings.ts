/** What is found in a script: the commands in it, what feeds them, and what could not be told. */
import { Unreadable } from "./Draft.ts"
import { known, type Word } from "./Word.ts"

/**
 * `text`: a here-document or here-string, which is what the command reads. `descriptor`: one that was opened before becomes its
 * standard input.
 */
export interface Redirection {
  readonly direction: "in" | "out" | "text" | "descriptor"
  readonly target: Word
}

/** A simple command, and one that such a command runs. */
export interface Command {
  /** Its name is the first. A command without words only assigns or redirects. */
  readonly words: ReadonlyArray<Word>
  /** Whole `NAME=value` words. */
  readonly assignments: ReadonlyArray<Word>
  readonly redirections: ReadonlyArray<Redirection>
  /** Feeds whose text it reads or has in its words. */
  readonly sources: ReadonlyArray<number>
  /** The command that runs it. */
  readonly parent?: number
  /** How many commands run one another to run this one. */
  readonly depth: number
}

/** Commands whose output others get: those from one index up to another, without it. */
export interface Feed {
  from: number
  to: number
  /** What these commands read themselves. */
  readonly sources: ReadonlyArray<number>
}

/** A place of which it cannot be told which command it runs. */
export interface Uncertainty {
  readonly why: string
  /** Nothing is known of a part of the script, not even which commands are in it. */
  readonly isUnread?: true
}

export interface Script {
  readonly commands: ReadonlyArray<Command>
  readonly feeds: ReadonlyArray<Feed>
  readonly uncertainties: ReadonlyArray<Uncertainty>
}

const commandsMax = 10_000
const charactersMax = 1_048_576
const uncertaintiesMax = 20

/** An `exec` that runs nothing gives all that follows in its shell what it redirects. */
const replacesInput = ({ redirections, sources, words: [name, ...rest] }: Command): boolean =>
  name !== undefined &&
  known(name) === "exec" &&
  rest.length === 0 &&
  (sources.length > 0 || redirections.some(({ direction }) => direction === "text" || direction === "descriptor"))

export class Findings implements Script {
  readonly commands: Array<Command> = []
  readonly feeds: Array<Feed> = []
  readonly uncertainties: Array<Uncertainty> = []
  #characters = 0
  #lookedAt = 0
  #isInputReplaced = false

  /** Counts what is read: a script in a script may be a longer one. */
  spend(characters: number): void {
    this.#characters += characters
    if (this.#characters > charactersMax)
      throw new Unreadable(`it has more than ${charactersMax} characters of scripts`)
  }

  add(command: Command): void {
    if (this.commands.length >= commandsMax) throw new Unreadable(`it has more than ${commandsMax} commands`)
    this.commands.push(command)
  }

  /** Whether what shells read that are given nothing may be what other commands write. To be asked once what was added is complete. */
  isInputReplaced(): boolean {
    for (; this.#lookedAt < this.commands.length; this.#lookedAt++) {
      const command = this.commands[this.#lookedAt]
      this.#isInputReplaced ||= command !== undefined && replacesInput(command)
    }
    return this.#isInputReplaced
  }

  /** A feed of the commands that are found by an act. */
  feedOf(sources: ReadonlyArray<number>, find: () => void): number {
    const from = this.commands.length
    find()
    return this.feed(from, this.commands.length, sources)
  }

  feed(from: number, to: number, sources: ReadonlyArray<number>): number {
    this.feeds.push({ from, to, sources })
    return this.feeds.length - 1
  }

  doubt(why: string): void {
    if (this.uncertainties.length < uncertaintiesMax) this.uncertainties.push({ why })
  }

  /** Is told however many doubts there are, once. */
  unread(why: string): void {
    if (!this.uncertainties.some(({ isUnread }) => isUnread)) this.uncertainties.push({ why, isUnread: true })
  }
}
