import { dirname, join } from "node:path"
import * as Effect from "effect/Effect"
import * as Cache from "../template/Cache.ts"

/** Where machines and the snapshots of templates are, beside the images: all homes of a user share them. */
export const machines = Effect.map(Cache.Cache, ({ directory }) => join(dirname(directory), "machines"))
