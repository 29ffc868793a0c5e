import * as Command from "effect/cli/Command"
import { attenuate } from "./Attenuate.ts"
import { inspect } from "./Inspect.ts"
import { mint } from "./Mint.ts"
import { revoke } from "./Revoke.ts"
import { verify } from "./Verify.ts"

/** `caisson token`. */
export const token = Command.make("token").pipe(
  Command.withDescription("Makes, narrows, shows, verifies and revokes signed permissions that can be given away"),
  Command.withSubcommands([mint, attenuate, inspect, verify, revoke])
)
