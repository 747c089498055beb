// A scanned address brings the code behind #. It goes into the form, out of the address, and to the server as a post.
"use strict";
(() => {
  const form = document.getElementById("slip-code");
  const code = decodeURIComponent(window.location.hash.slice(1));
  if (!form || !code) return;
  window.history.replaceState(null, "", window.location.pathname);
  form.elements.code.value = code;
  if (!form.querySelector("[role=alert]")) form.requestSubmit();
})();
