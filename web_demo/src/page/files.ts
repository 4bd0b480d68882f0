/** The files of what was dropped: of a folder, those in it. */
export async function filesOf(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => !!entry);
  const [folder] = entries.filter((entry) => entry.isDirectory) as FileSystemDirectoryEntry[];
  return folder ? filesIn(folder) : [...transfer.files];
}

async function filesIn(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader(), files: File[] = [];
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (!entries.length) return files;
    for (const entry of entries as FileSystemFileEntry[]) {
      if (entry.isFile) files.push(await new Promise<File>((resolve, reject) => { entry.file(resolve, reject); }));
    }
  }
}
