// Fields that find a row by a few words (bookings.admin.finding): the choices appear while one types.
"use strict";
{
  for (const input of document.querySelectorAll("input[data-find]")) {
    const choices = document.getElementById(input.getAttribute("list"));
    let wait;
    const ask = async () => {
      const text = input.value.trim();
      if (text.length < 2) return choices.replaceChildren();
      const answer = await fetch(`${input.dataset.find}?q=${encodeURIComponent(text)}`);
      // What was typed since is asked for by itself.
      if (!answer.ok || text !== input.value.trim()) return;
      const { found } = await answer.json();
      choices.replaceChildren(...found.map((words) => new Option(words, words)));
    };
    input.addEventListener("input", () => {
      // Other words: what was found for those before is no choice any more.
      input.closest(".find").querySelector(".found")?.remove();
      clearTimeout(wait);
      wait = setTimeout(ask, 150);
    });
  }
}
