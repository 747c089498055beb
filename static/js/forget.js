// Where somebody signs out or in: no registers of whoever was here before stay on the phone. Unsent marks do,
// under their maker's number, and are sent when that person is back.
"use strict";
if (globalThis.caches) {
  caches.keys().then((names) => {
    for (const name of names) if (name.startsWith("registers of ")) caches.delete(name);
  });
}
