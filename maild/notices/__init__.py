"""The tick: what is due now?"""
