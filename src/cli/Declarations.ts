import { resolve } from "node:path"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { root } from "./Root.ts"
import { Screen } from "./Screen.ts"

/** `caisson declarations`. */
export const declarations = Command.make(
  "declarations",
  {
    tools: Flag.String("tools").pipe(
      Flag.withMetavar("MODULE"),
      Flag.withDescription("A module whose default export is { tools, capabilities }"),
      Flag.map((file) => resolve(file))
    )
  },
  Effect.fnUntraced(function* ({ tools }) {
    const { json } = yield* root
    const ToolsModule = yield* Effect.promise(() => import("./ToolsModule.ts"))
    const { render } = yield* Effect.promise(() => import("../tool/Declarations.ts"))
    const { out } = yield* Screen
    const { capabilities, toolkit } = yield* ToolsModule.load(tools)
    const text = render(toolkit.infos, capabilities)
    if (json) yield* out.say(JSON.stringify({ declarations: text }))
    else yield* out.show(text)
  })
).pipe(
  Command.withDescription("Prints TypeScript declarations of the tools that a guest may call, to write code against")
)
