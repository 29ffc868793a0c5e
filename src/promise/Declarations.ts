import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { render as renderGranted } from "../tool/Declarations.ts"
import { type GrantOptions, toGrants } from "./Grants.ts"

/**
 * TypeScript declarations of the tools that capabilities let a guest call, for people and models to write code against.
 *
 * Takes what a session is opened with. Tools that no capability covers are left out. Throws `Malformed` or `ToolkitError`.
 */
export const render = (options: Pick<GrantOptions, "tools" | "capabilities">): string => {
  const grants = Result.getOrThrow(Effect.runSync(Effect.result(toGrants(options))))
  return renderGranted(grants.toolkit.infos, grants.capabilities)
}
