// Marks are made at once on the phone and sent when there is a network. What was not answered stays on the
// phone, also when the page or the phone is closed; the server takes the same mark twice for one. The pages
// themselves are kept by the worker (templates/bookings/worker.js).
"use strict";
{
  const told = document.querySelector("[data-registers]");
  const list = document.querySelector("[data-sync]");
  const [unsent, offline, signedOut, stuck] = ["unsent", "offline", "signed-out", "stuck"].map((name) =>
    document.querySelector(`[data-${name}]`),
  );
  const prefix = told && `marks:${told.dataset.person}:`;
  const own = list && prefix + list.dataset.sync;
  let token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
  let isSending = false;

  const read = (key) => JSON.parse(localStorage.getItem(key) ?? "[]");
  const write = (key, marks) =>
    marks.length ? localStorage.setItem(key, JSON.stringify(marks)) : localStorage.removeItem(key);
  const waiting = () => Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  const lineOf = (child) => list.querySelector(`[data-child="${CSS.escape(child)}"]`);

  const show = (child, state) => {
    const line = lineOf(child);
    if (!line) return;
    line.dataset.state = state;
    for (const button of line.querySelectorAll("button.mark")) {
      button.setAttribute("aria-pressed", String(button.value === state));
    }
    const here = list.querySelectorAll('[data-state="present"], [data-state="late"]').length;
    document.querySelector("[data-here]").textContent = here;
  };
  const tell = (child, words) => {
    const place = lineOf(child)?.querySelector("[data-told]");
    if (!place) return;
    place.textContent = words;
    place.hidden = !words;
  };
  const count = () => {
    const marks = waiting().reduce((sum, key) => sum + read(key).length, 0);
    unsent.hidden = !marks;
    unsent.querySelector("bdi").textContent = marks;
  };

  const post = (address, marks) =>
    fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ marks }),
      redirect: "manual",
    });
  // A kept page has the token of its day: a fresh one has another, once somebody has signed in again.
  const freshToken = async () => {
    const page = await (await fetch(told.dataset.registers)).text();
    token = page.match(/name="csrfmiddlewaretoken" value="([^"]+)"/)?.[1] ?? token;
  };

  const sendOne = async (key) => {
    const marks = read(key);
    if (!marks.length) return;
    const address = key.slice(prefix.length);
    let answer = await post(address, marks);
    if (answer.status === 403) {
      await freshToken();
      answer = await post(address, marks);
    }
    signedOut.hidden = answer.type !== "opaqueredirect";
    if (!signedOut.hidden) return;
    if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
      stuck.hidden = false;
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const { answers } = await answer.json();
    const answered = new Set(marks.slice(0, answers.length).map((mark) => mark.child + mark.at));
    write(key, read(key).filter((mark) => !answered.has(mark.child + mark.at)));
    if (key !== own) return;
    const newer = new Set(read(key).map((mark) => mark.child));
    for (const { child, state, words } of answers) {
      tell(child, words ?? "");
      // A newer mark of the same child is still on its way.
      if (state && !newer.has(child)) show(child, state);
    }
  };
  const send = async () => {
    count();
    if (isSending || !waiting().length) return;
    isSending = true;
    try {
      for (const key of waiting()) await sendOne(key);
      offline.hidden = true;
    } catch {
      offline.hidden = false;
    } finally {
      isSending = false;
      count();
    }
  };

  // All that these pages are made of, to be there without a network.
  const keep = async () => {
    const { serviceWorker } = navigator;
    if (!serviceWorker) return;
    await serviceWorker.register(told.dataset.worker);
    const { active } = await serviceWorker.ready;
    const files = performance.getEntriesByType("resource").map(({ name }) => name.split("#")[0]);
    const others = [...document.querySelectorAll("a.meeting")].map((link) => link.href).slice(0, 12);
    active.postMessage({
      person: told.dataset.person,
      pages: [location.href.split(/[?#]/)[0], told.dataset.registers, `${told.dataset.registers}offline/`, ...others],
      files: [...new Set(files)].filter((name) => new URL(name).pathname.startsWith(told.dataset.files)),
      isAll: !list && !location.search,
    });
    serviceWorker.addEventListener("message", ({ data }) => {
      if (data.kept) document.documentElement.dataset.kept = data.kept.length;
    });
  };

  if (told) {
    if (!navigator.onLine) offline.hidden = false;
    for (const mark of list ? read(own) : []) show(mark.child, mark.state);
    list?.addEventListener("submit", (event) => {
      const button = event.submitter;
      if (!button?.matches("button.mark")) return;
      event.preventDefault();
      const child = event.target.elements.child.value;
      write(own, [...read(own), { child, state: button.value, at: new Date().toISOString() }]);
      tell(child, "");
      show(child, button.value);
      send();
    });
    addEventListener("online", send);
    addEventListener("offline", () => (offline.hidden = false));
    setInterval(send, 15000);
    send();
    addEventListener("load", () => keep().catch(() => {}));
  }
}
