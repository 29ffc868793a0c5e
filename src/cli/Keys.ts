import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import type { KeyRing } from "../token/KeyRing.ts"
import { root } from "./Root.ts"
import { Screen } from "./Screen.ts"

const keyFile = Effect.promise(() => import("../token/KeyFile.ts"))

const asJson = ({ keys, signing, source }: KeyRing) => ({
  source,
  keys: keys.map(({ id }) => ({ id, signs: id === signing.id }))
})

const showChanged = Effect.fnUntraced(function* (changed: KeyRing, id: string, home: string) {
  const { load } = yield* keyFile
  const { json } = yield* root
  const { notes, out } = yield* Screen
  yield* out.say(json ? JSON.stringify({ id, ...asJson(changed) }) : id)
  const { source } = yield* load(home)
  if (source !== changed.source) {
    yield* notes.say(`caisson: ${changed.source} was changed, but the keys in ${source} are used as long as it is set`)
  }
})

const makeNew = Command.make(
  "new",
  {},
  Effect.fnUntraced(function* () {
    const { home } = yield* root
    const { add } = yield* keyFile
    const ring = yield* add(home)
    yield* showChanged(ring, ring.signing.id, home)
  })
).pipe(
  Command.withDescription(
    "Makes a key that signs tokens from now on, and prints its id; the older ones go on verifying"
  )
)

const list = Command.make(
  "list",
  {},
  Effect.fnUntraced(function* () {
    const { home, json } = yield* root
    const { load } = yield* keyFile
    const { out } = yield* Screen
    const ring = yield* load(home)
    const lines = ring.keys.map(({ id }) => (id === ring.signing.id ? `${id}  signs` : id))
    yield* out.say(json ? JSON.stringify(asJson(ring)) : lines.join("\n"))
  })
).pipe(Command.withDescription("Lists the ids of the keys that verify tokens, and which of them signs"))

const retire = Command.make(
  "retire",
  { id: Argument.String("KEY").pipe(Argument.withDescription("The id of the key")) },
  Effect.fnUntraced(function* ({ id }) {
    const { home } = yield* root
    const { retire } = yield* keyFile
    yield* showChanged(yield* retire(home, id), id, home)
  })
).pipe(Command.withDescription("Deletes a key: the tokens that it signed are refused from now on"))

/** `caisson keys`. */
export const keys = Command.make("keys").pipe(
  Command.withDescription(
    "Keeps the keys that tokens are signed with (CAISSON_TOKEN_KEYS, or tokens/keys of the home)"
  ),
  Command.withSubcommands([makeNew, list, retire])
)
