import * as Command from "effect/cli/Command"
import { attenuate } from "./TokenAttenuate.ts"
import { inspect } from "./TokenInspect.ts"
import { mint } from "./TokenMint.ts"
import { revoke } from "./TokenRevoke.ts"
import { verify } from "./TokenVerify.ts"

/** `caisson token`. */
export const token = Command.make("token").pipe(
  Command.withDescription("Makes, narrows, shows, verifies and revokes signed permissions that can be given away"),
  Command.withSubcommands([mint, attenuate, inspect, verify, revoke])
)
