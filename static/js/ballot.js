// The draw again, in the visitor's own browser, from what is published: the same steps as bookings/ballot.py.
"use strict";
{
  const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const sha256 = async (text) => hex(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  const inOrder = (one, other) => (one < other ? -1 : one > other ? 1 : 0);

  const allocate = (draw, lots) => {
    const apart = new Map();
    const keepApart = (one, other) => apart.set(one, (apart.get(one) ?? new Set()).add(other));
    for (const [one, other] of draw.clashes) {
      keepApart(one, other);
      keepApart(other, one);
    }
    const refused = new Set(draw.refused.map((pair) => pair.join(" ")));
    const wishes = new Map();
    for (const [child, session, rank, band] of [...draw.wishes].sort((one, other) => one[2] - other[2])) {
      if (refused.has(`${child} ${session}`)) continue;
      wishes.set(child, [...(wishes.get(child) ?? []), { child, session, rank, band }]);
    }
    const got = new Map([...wishes.keys()].map((child) => [child, []]));
    const left = { ...draw.places };
    for (let round = 0; round < draw.most_places; round += 1) {
      const asks = new Map();
      for (const [child, ofChild] of wishes) {
        const has = got.get(child);
        const taken = new Set(has.flatMap((session) => [session, ...(apart.get(session) ?? [])]));
        asks.set(child, ofChild.filter((wish) => !taken.has(wish.session)));
      }
      const kept = new Map();
      const free = [...asks.keys()].sort(inOrder);
      while (free.length) {
        const wish = asks.get(free.pop()).shift();
        if (!wish) continue;
        const inside = kept.get(wish.session) ?? [];
        kept.set(wish.session, inside);
        inside.push(wish);
        if (inside.length > left[wish.session]) {
          inside.sort((one, other) => one.band - other.band || inOrder(lots.get(one.child), lots.get(other.child)));
          free.push(inside.pop().child);
        }
      }
      for (const [session, inside] of kept) {
        left[session] -= inside.length;
        for (const wish of inside) got.get(wish.child).push(session);
      }
    }
    return got;
  };

  const button = document.querySelector("[data-draw]");
  if (button && globalThis.crypto?.subtle) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const draw = await (await fetch(button.dataset.draw)).json();
      const children = [...new Set(draw.wishes.map(([child]) => child))];
      const lots = new Map(
        await Promise.all(children.map(async (child) => [child, await sha256(`${draw.seed}:${child}`)])),
      );
      const got = allocate(draw, lots);
      const drawn = [...got].flatMap(([child, sessions]) => sessions.map((session) => `${child} ${session}`));
      const told = draw.results.filter((row) => row.drawn).map((row) => `${row.child} ${row.session}`);
      const isTrue =
        (await sha256(draw.seed)) === draw.commitment && String(drawn.sort()) === String(told.sort());
      for (const answer of document.querySelectorAll("[data-answer]")) {
        answer.hidden = answer.dataset.answer !== String(isTrue);
      }
    });
  }
}
