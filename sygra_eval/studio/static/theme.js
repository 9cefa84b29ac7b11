// Before the first paint, so that a dark page does not flash white; a file of its own, as the page runs no inline script.
(function () {
  try {
    const theme = localStorage.getItem('sygra-eval-theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be refused; then the system's theme holds.
  }
})();
