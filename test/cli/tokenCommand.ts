/** The commands of tokens and keys in a home of their own, with a clock that the test sets. */
import { join } from "node:path"
import { ConfigProvider, Effect } from "effect"
import { Screen } from "../../src/cli/Screen.ts"
import { freshDirectory } from "./command.ts"
import { linesInto } from "./lines.ts"
import { run } from "./tokenRoot.ts"

export interface Said {
  readonly out: ReadonlyArray<string>
  readonly notes: ReadonlyArray<string>
}

export const makeHome = () => {
  const home = join(freshDirectory(), "home")
  const command = (words: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => {
    const said = { out: [] as Array<string>, notes: [] as Array<string> }
    return run([...words, "--home", home]).pipe(
      Effect.provideService(Screen, { out: linesInto(said.out), notes: linesInto(said.notes) }),
      Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env }))),
      Effect.as<Said>(said)
    )
  }
  const text = (...words: ReadonlyArray<string>) => command(words)
  const json = (...words: ReadonlyArray<string>) =>
    Effect.map(command([...words, "--json"]), ({ out }): Record<string, unknown> => JSON.parse(out.join("\n")))
  /** The reason's name, and what is said. */
  const refused = (...words: ReadonlyArray<string>) =>
    Effect.map(Effect.flip(command(words)), (error) => {
      const reason = "reason" in error ? error.reason : error._tag
      return { reason: typeof reason === "string" ? reason : reason._tag, message: error.message, error }
    })
  return { home, command, text, json, refused }
}
