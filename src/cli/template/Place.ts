/** Where templates are, and what subcommands that read or build them run on. */
import { resolve } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Templates from "../../home/Templates.ts"
import * as Cache from "../../template/Cache.ts"
import { root } from "../Root.ts"

export const name = Argument.String("NAME").pipe(Argument.withDescription("The template"))

export const templatesFlag = Flag.String("templates").pipe(
  Flag.withMetavar("DIR"),
  Flag.withDescription("Where templates are (default: `templates` in the home, if it is there, and those of Caisson)"),
  Flag.map((directory) => resolve(directory)),
  Flag.optional,
  Flag.map(Option.getOrUndefined)
)

/** The directories that are looked into, in order. */
export const directories = Effect.fnUntraced(function* (given: string | undefined) {
  const { home } = yield* root
  return Templates.directories(home, given === undefined ? undefined : [given])
})

/** The files and programs of this host, and the cache of what was built. */
export const layer = Layer.provideMerge(Cache.layer, NodeServices.layer)
