/** The policy file of a home. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { InForce } from "../policy/InForce.ts"
import * as PolicyFile from "../policy/PolicyFile.ts"
import { HomeError } from "./HomeError.ts"

/** Puts a policy file in force, and each later version of it that can be used. */
export const layer = (file: string): Layer.Layer<never, HomeError> =>
  Layer.effect(
    InForce,
    Effect.map(PolicyFile.watch(file), ({ current }) => current)
  ).pipe(
    Layer.provide(NodeServices.layer),
    Layer.catch((reason) => Layer.effectContext(Effect.fail(new HomeError({ reason }))))
  )
