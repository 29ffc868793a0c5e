import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** The byte channel has ended or failed. */
export class LinkClosed extends Schema.TaggedError<LinkClosed>()("LinkClosed", { detail: Schema.String }) {
  override get message() {
    return `the channel to the guest is closed: ${this.detail}`
  }
}

/**
 * A byte channel to a guest: a virtio-serial port, a vsock connection, a socket.
 *
 * L1. Bytes arrive in order, cut anywhere. Nothing is read ahead without bound while nobody receives.
 * L2. What was given to `send` is sent as a whole or the link is closed; interrupting it does not take anything back.
 * L3. It may outlive connections: whoever receives next gets what comes next.
 */
export interface Link {
  readonly receive: Effect.Effect<Uint8Array, LinkClosed>
  /** Waits while the channel takes no more. */
  readonly send: (bytes: Uint8Array) => Effect.Effect<void, LinkClosed>
}
