"""Voice: sound in, words out and back: activity, recognition with a grammar of the tools, speech, and barge-in.

Everything works offline. The optional extra `bunraku[voice]` brings pocketsphinx and silero-vad; espeak-ng comes from
the system. Without them each class says in one sentence what to install, and the robot stays usable by text.
"""
