// Light or dark: as the system has it, unless the button says otherwise.

export function keepTheme(button, changed) {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  let chosen = localStorage.getItem('theme') ?? 'system';
  const apply = () => {
    const theme = chosen === 'system' ? (dark.matches ? 'dark' : 'light') : chosen;
    document.documentElement.dataset.theme = theme;
    button.textContent = `theme: ${chosen}`;
    changed();
  };
  dark.addEventListener('change', apply);
  button.addEventListener('click', () => {
    const all = ['system', 'light', 'dark'];
    chosen = all[(all.indexOf(chosen) + 1) % all.length];
    localStorage.setItem('theme', chosen);
    apply();
  });
  apply();
}
