// Marks are made at once on the phone and sent when there is a network. What was not answered stays on the
// phone, also when the page or the phone is closed; the server takes the same mark twice for one.
"use strict";
{
  const list = document.querySelector("[data-sync]");
  const key = list && `marks:${list.dataset.person}:${list.dataset.sync}`;
  const unsent = document.querySelector("[data-unsent]");
  const offline = document.querySelector("[data-offline]");
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
  let isSending = false;

  const read = () => JSON.parse(localStorage.getItem(key) ?? "[]");
  const write = (marks) => (marks.length ? localStorage.setItem(key, JSON.stringify(marks)) : localStorage.removeItem(key));
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
  const refuse = (child, words) => {
    const place = lineOf(child)?.querySelector("[data-refused]");
    if (!place) return;
    place.textContent = words;
    place.hidden = !words;
  };
  const count = () => {
    const marks = read();
    unsent.hidden = !marks.length;
    unsent.querySelector("bdi").textContent = marks.length;
  };

  const send = async () => {
    const marks = read();
    count();
    if (isSending || !marks.length) return;
    isSending = true;
    try {
      const answer = await fetch(list.dataset.sync, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token },
        body: JSON.stringify({ marks }),
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const { answers } = await answer.json();
      const answered = new Set(marks.slice(0, answers.length).map((mark) => mark.child + mark.at));
      write(read().filter((mark) => !answered.has(mark.child + mark.at)));
      const waiting = new Set(read().map((mark) => mark.child));
      for (const { child, state, refused } of answers) {
        refuse(child, refused ?? "");
        // A newer mark of the same child is still on its way.
        if (state && !waiting.has(child)) show(child, state);
      }
      offline.hidden = true;
    } catch {
      offline.hidden = false;
    } finally {
      isSending = false;
      count();
    }
  };

  if (list) {
    for (const mark of read()) show(mark.child, mark.state);
    list.addEventListener("submit", (event) => {
      const button = event.submitter;
      if (!button?.matches("button.mark")) return;
      event.preventDefault();
      const child = event.target.elements.child.value;
      write([...read(), { child, state: button.value, at: new Date().toISOString() }]);
      show(child, button.value);
      send();
    });
    addEventListener("online", send);
    setInterval(send, 15000);
    send();
  }
}
